#!/bin/sh
# git-deploy.sh DIRECTORY REF SHA [COMMAND [ARGUMENT…]]
# Fetches REF from the checkout's origin, checks SHA out, then runs COMMAND in DIRECTORY.
# Ends with 75, "try again", where the fetch fails or another deploy is under way.
set -eu

refuse() { echo "git-deploy: $1" >&2; exit "${2:-1}"; }

[ $# -ge 3 ] || refuse "usage: git-deploy.sh DIRECTORY REF SHA [COMMAND…]"
directory=$1 ref=$2 sha=$3
shift 3

case $ref in
  refs/heads/?* | refs/tags/?*) ;;
  *) refuse "$ref is neither a branch nor a tag" ;;
esac
case $sha in
  *[!0-9a-f]*) refuse "$sha is not a commit" ;;
  *[!0]*) ;;
  *) echo "git-deploy: $ref was deleted, nothing to deploy"; exit 0 ;;
esac

cd "$directory" 2>/dev/null || refuse "there is no directory $directory: name yours in the entry"
git_directory=$(git rev-parse --absolute-git-dir) || refuse "$directory is not a git checkout"

# One at a time; the lock goes with this process, however it ends, and no other gets hold of it.
exec 9>"$git_directory/signalbox-deploy.lock"
# Its tidying up does not go on in the background: it would be ended with this script.
git() { command git -c gc.autoDetach=false -c maintenance.autoDetach=false "$@" 9>&-; }
flock --nonblock 9 || refuse "another deploy of $directory is under way" 75

git fetch --quiet --no-tags origin "+$ref:refs/signalbox/deploy" || refuse "the fetch failed" 75
git cat-file -e "$sha^{commit}" 2>/dev/null || refuse "$sha is not in $ref any more"
git checkout --quiet --force --detach "$sha"
[ ! -f .gitmodules ] || git submodule update --quiet --init --recursive
echo "git-deploy: $directory is at $(git log -1 --format='%h %s')"

[ $# -eq 0 ] || "$@" 9>&-
