#!/usr/bin/env bash
# What the action does, for any CI: tests what the variables name, leaves reports in $REPORT, ends with arcrtc's exit code.
# Secrets come as ARCRTC_AUTH_SECRET and ARCRTC_RELAY_SECRET, which arcrtc reads itself: they never stand in a command.
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
report=${REPORT:-arcrtc-report}
# A variable without a value is none.
for name in ARCRTC_AUTH_SECRET ARCRTC_RELAY_SECRET; do [ -n "${!name:-}" ] || unset "$name"; done
read -r -a deno <<<"${DENO_COMMAND:-npx -y deno@2.9.6}"
mkdir -p "$report" || exit 2

args=()
# Each line of the text as a value of its own; without a flag, as words of the command line.
each() {
  local line
  while IFS= read -r line; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    [ -z "$line" ] || args+=(${1:+"$1"} "$line")
  done <<<"$2"
}
each --command "${COMMAND:-}"
each --target "${TARGET:-}"
each --relay "${RELAY:-}"
each --peer-call "${PEER_CALL:-}"
each --peer-listen "${PEER_LISTEN:-}"
each --capture "${CAPTURE:-}"
each --known-failing "${KNOWN_FAILING:-}"
each "" "${ARGS:-}"

"${deno[@]}" run -A --config "$root/deno.json" "$root/cli/main.ts" conformance ${args[@]+"${args[@]}"} \
  --report "text=$report/report.txt" --report "junit=$report/junit.xml" --report "html=$report/report.html" \
  --report "json=$report/report.json" --report "badge=$report/badge.json" --capsules "$report/failing"
status=$?

if [ -f "$report/report.txt" ]; then
  cat "$report/report.txt"
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    # GitHub takes 1 MiB of summary.
    { echo '### ArcRTC conformance'; echo '````'; head -c 500000 "$report/report.txt"; echo '````'; } >>"$GITHUB_STEP_SUMMARY"
  fi
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf 'report=%s\nexit-code=%s\n' "$report" "$status" >>"$GITHUB_OUTPUT"
fi
exit "$status"
