#!/bin/sh
# Sends a recorded event as GitLab 19 sends it: signed, and with a key of its own.
#   SIGNING_TOKEN=whsec_... sh scripts/as-gitlab.sh URL EVENT FILE
set -eu

url=$1 event=$2 file=$3
id=$(cat /proc/sys/kernel/random/uuid)
time=$(date +%s)
key=$(printf '%s' "${SIGNING_TOKEN#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$({ printf '%s.%s.' "$id" "$time"; cat "$file"; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

exec curl -sS -i "$url" \
    -H 'Content-Type: application/json' \
    -H 'User-Agent: GitLab/19.0.0' \
    -H "X-Gitlab-Event: $event" \
    -H 'X-Gitlab-Instance: https://gitlab.example.com' \
    -H "X-Gitlab-Webhook-UUID: $(cat /proc/sys/kernel/random/uuid)" \
    -H "X-Gitlab-Event-UUID: $(cat /proc/sys/kernel/random/uuid)" \
    -H "Idempotency-Key: $id" \
    -H "webhook-id: $id" \
    -H "webhook-timestamp: $time" \
    -H "webhook-signature: v1,$signature" \
    --data-binary "@$file"
