"""The application of 2015, in the least of Django: one view, one model, one Celery task.

A POST is compared with the five values of a record, kept, and its work handed to Celery. As then:
no credentials, no filters, no repeats, and a queue that does not belong to the transaction.
"""

import json
import os
import sys

import celery
import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["PEER_PG_HOST"],
            "NAME": os.environ["PEER_PG_NAME"],
            "USER": "postgres",
            # As its documentation advises: connections are kept.
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF=__name__,
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpResponse, HttpResponseNotAllowed  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

queue = celery.Celery("receiver", broker=os.environ["PEER_REDIS"])
queue.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


class WebHook(models.Model):
    """What an event must equal."""

    repo_name = models.CharField(max_length=200)
    repo_url = models.CharField(max_length=200)
    object_kind = models.CharField(max_length=50)
    project_id = models.IntegerField(default=0, db_index=True)
    http_x_gitlab_event = models.CharField(max_length=50)

    class Meta:
        app_label = "receiver"


class Delivery(models.Model):
    """What came."""

    webhook = models.ForeignKey(WebHook, on_delete=models.CASCADE)
    received_at = models.DateTimeField(auto_now_add=True)
    user_id = models.IntegerField(null=True)
    user_name = models.CharField(max_length=200)
    user_email = models.CharField(max_length=200)
    body = models.BinaryField()

    class Meta:
        app_label = "receiver"


@queue.task
def run(webhook_id: int) -> None:
    """What the webhook is for: nothing, here."""


@csrf_exempt
def receive(request):
    """Answers a delivery."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    event = json.loads(request.body)
    webhook = WebHook.objects.filter(
        project_id=event["project_id"],
        repo_name=event["repository"]["name"],
        repo_url=event["repository"]["url"],
        object_kind=event["object_kind"],
        http_x_gitlab_event=request.headers["X-Gitlab-Event"],
    ).first()
    if webhook is None:
        return HttpResponse("no match", status=404)
    Delivery.objects.create(
        webhook=webhook,
        user_id=event.get("user_id"),
        user_name=event.get("user_name", ""),
        user_email=event.get("user_email", ""),
        body=request.body,
    )
    run.delay(webhook.id)
    return HttpResponse("queued", status=202)


urlpatterns = [path("", receive)]
application = get_wsgi_application()


def prepare(first: int, count: int) -> None:
    """The tables, and records of the projects from `first` on."""
    with connection.schema_editor() as editor:
        editor.create_model(WebHook)
        editor.create_model(Delivery)
    WebHook.objects.bulk_create(
        WebHook(
            repo_name=f"project-{project}",
            repo_url=f"git@gitlab.example.com:bench/project-{project}.git",
            object_kind="push",
            project_id=project,
            http_x_gitlab_event="Push Hook",
        )
        for project in range(first, first + count)
    )


def fill(count: int) -> None:
    """So many tasks in the queue."""
    with queue.pool.acquire(block=True) as broker:
        producer = queue.amqp.Producer(broker)
        for number in range(count):
            run.apply_async((number,), producer=producer)


if __name__ == "__main__":
    {"prepare": prepare, "fill": fill}[sys.argv[1]](*map(int, sys.argv[2:]))
