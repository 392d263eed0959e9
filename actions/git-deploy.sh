#!/bin/sh
# git-deploy.sh [OPTION…] DIRECTORY REF SHA [COMMAND [ARGUMENT…]]
# Fetches REF from the checkout's origin, checks SHA out, then runs COMMAND in DIRECTORY.
# Ends with 75, "try again", where the fetch fails or another deploy is under way.
#   --submodule-host HOST      submodules may come from HOST, too: else from the origin's host alone
#   --submodule-protocol NAME  submodules may come by NAME, too: else by https and ssh alone
set -euf

refuse() { echo "git-deploy: $1" >&2; exit "${2:-1}"; }

hosts='' protocols=https:ssh
while [ $# -ge 2 ]; do
  case $1 in
    --submodule-host) hosts="$hosts $2 " ;;
    --submodule-protocol) protocols=$protocols:$2 ;;
    *) break ;;
  esac
  shift 2
done
[ $# -ge 3 ] || refuse "usage: git-deploy.sh [OPTION…] DIRECTORY REF SHA [COMMAND…]"
directory=$1 ref=$2 sha=$3
shift 3

case $ref in
  refs/heads/?* | refs/tags/?*) ;;
  *) refuse "$ref is neither a branch nor a tag" ;;
esac
# A short id, or the name of a branch, may be anything by now.
case ${#sha}:$sha in
  *:*[!0-9a-f]*) refuse "$sha is not a commit" ;;
  40:* | 64:*) ;;
  *) refuse "$sha is not a whole commit id" ;;
esac
case $sha in
  *[!0]*) ;;
  *) echo "git-deploy: $ref was deleted, nothing to deploy"; exit 0 ;;
esac

cd "$directory" 2>/dev/null || refuse "there is no directory $directory: name yours in the action"
top=$(git rev-parse --show-toplevel) || refuse "$directory is not a git checkout"
# Else git takes the checkout of a folder further up.
[ "$top" = "$(pwd -P)" ] || refuse "$directory is not the top of a checkout: $top is"
git_directory=$(git rev-parse --absolute-git-dir)

# One at a time; the lock goes with this process, however it ends, and no other gets hold of it.
exec 9>"$git_directory/signalbox-deploy.lock"
# Its tidying up does not go on in the background: it would be ended with this script.
git() {
  command git -c gc.autoDetach=false -c maintenance.autoDetach=false -c submodule.recurse=false "$@" 9>&-
}
flock --nonblock 9 || refuse "another deploy of $directory is under way" 75

# The origin is yours, but no address runs a program.
export GIT_ALLOW_PROTOCOL=https:ssh:http:git:file GIT_TERMINAL_PROMPT=0
git fetch --quiet --no-tags --no-recurse-submodules origin "+$ref:refs/signalbox/deploy" ||
  refuse "the fetch failed" 75
git cat-file -e "$sha^{commit}" 2>/dev/null || refuse "$sha is not in $ref any more"
# The checkout has the commits of other branches, too.
git merge-base --is-ancestor "$sha^{commit}" 'refs/signalbox/deploy^{commit}' ||
  refuse "$sha is not in $ref"
git checkout --quiet --force --detach "$sha"

# host ADDRESS: nothing for a path of this disk.
host() {
  case $1 in
    /* | .*) return 0 ;;
    *[!A-Za-z0-9._~:/@+-]* | *@*@*) refuse "$1 is not a plain address" ;;
    *://*) authority=${1#*://} ;;
    *:*) authority=${1%%:*} ;;
    *) return 0 ;;
  esac
  authority=${authority%%/*} authority=${authority#*@}
  printf '%s' "${authority%%:*}" | tr '[:upper:]' '[:lower:]'
}

# Whoever pushes says where submodules come from: no host is called that nobody allowed.
submodules() (
  cd "$1"
  [ -f .gitmodules ] || exit 0
  git submodule --quiet init
  git submodule --quiet sync
  keys=$(git config --file .gitmodules --name-only --get-regexp '^submodule\..*\.path$') || exit 0
  IFS='
'
  for key in $keys; do
    name=${key#submodule.} name=${name%.path}
    url=$(git config --local --get "submodule.$name.url") || continue
    from=$(host "$url")
    case ${from:-file} in
      file) case :$protocols: in *:file:*) continue ;; esac ;;
      *) case "$hosts" in *" $from "*) continue ;; esac ;;
    esac
    refuse "the submodule $name comes from $url: to allow it, see --submodule-host"
  done
  GIT_ALLOW_PROTOCOL=$protocols git submodule --quiet update --checkout
  for key in $keys; do
    path=$(git config --file .gitmodules --get "$key")
    # Only what the commit has as a submodule there.
    case $(git --literal-pathspecs ls-files --stage -- "$path") in
      160000\ *) submodules "$path" ;;
    esac
  done
)
if [ -f .gitmodules ]; then
  hosts="$hosts $(host "$(git remote get-url origin)") "
  submodules .
fi
echo "git-deploy: $directory is at $(git log -1 --format='%h %s')"

[ $# -eq 0 ] || "$@" 9>&-
