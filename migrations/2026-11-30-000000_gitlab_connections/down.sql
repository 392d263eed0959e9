DROP TABLE gitlab_hook_webhooks;
DROP TABLE gitlab_hooks;
DROP TABLE gitlab_calls;
DROP TABLE gitlab_connections;
