#!/usr/bin/env bash
# The programs with several threads under ThreadSanitizer, against a library built with it.
set -uo pipefail
cd "$(dirname "$0")/../../.."
. Tests/checks/sanitize/build.sh

instrument thread
export TSAN_OPTIONS=exitcode=3:die_after_fork=0:halt_on_error=0:suppressions=$PWD/Tests/checks/sanitize/threads.supp:print_suppressions=0

under thread Tests/c/concurrent.c 30
for name in contexts interrupts forks streaming data_callbacks; do under thread "Tests/c/$name.c"; done
exit $status
