#!/bin/sh
# restart-service.sh SERVICE
# Restarts a service, waits until it stands, and shows its last lines if it does not.
set -u

refuse() { echo "restart-service: $1" >&2; exit "${2:-1}"; }

[ $# -eq 1 ] || refuse "usage: restart-service.sh SERVICE"
service=$1
case $service in
  -* | *[!A-Za-z0-9@_.:\\-]* | '') refuse "$service is not the name of a service" ;;
esac
command -v systemctl >/dev/null || refuse "this machine has no systemctl"

if ! systemctl restart -- "$service"; then
  systemctl --no-pager --lines=20 status -- "$service" >&2
  refuse "$service did not start"
fi
# A service that dies at once has started, as far as "restart" can tell.
sleep "${RESTART_SERVICE_WAIT:-2}"
if ! systemctl --quiet is-active -- "$service"; then
  systemctl --no-pager --lines=20 status -- "$service" >&2
  refuse "$service started and ended again"
fi
echo "restart-service: $service is active"
