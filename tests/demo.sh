#!/usr/bin/env bash
# What a newcomer sees first: last night's jobs of four products, in one table and on one page.
# Everything runs on loopback against the simulator, which is stopped at the end in any case.
#
#   VENV=.venv tests/demo.sh [options of ansible-playbook]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin="$(cd "${VENV:-.venv}" && pwd)/bin"
out="$PWD/output/demo"
state="$out/simulator.json"
mkdir -p "$out"

# Ansible finds a collection below ansible_collections only; this link makes this folder one.
mkdir -p tree/ansible_collections/backupops
[ -e tree/ansible_collections/backupops/jobs ] || ln -s ../../.. tree/ansible_collections/backupops/jobs

# Ansible insists on UTF-8, and names of jobs do, too.
[ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8

trap '"$bin/python" tests/simulator stop --state-file "$state"' EXIT
trap 'exit 130' INT TERM
# It ends by itself, should this script be killed.
"$bin/python" tests/simulator start --state-file "$state" --life 600 >/dev/null

address() {
  "$bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$state" "$1"
}

# Credentials come from the environment, as from an AWX credential. These are the simulator's.
password='p@ss+w&rd=1 %é'
export BACKUPOPS_COMMVAULT_USERNAME=admin BACKUPOPS_COMMVAULT_PASSWORD="$password"
export BACKUPOPS_NAKIVO_USERNAME=admin BACKUPOPS_NAKIVO_PASSWORD="$password"
export BACKUPOPS_NETAPP_BLUEXP_CLIENT_ID=sim-client BACKUPOPS_NETAPP_BLUEXP_CLIENT_SECRET='s3cr+t&='
export BACKUPOPS_VEEAM_M365_USERNAME=admin BACKUPOPS_VEEAM_M365_PASSWORD="$password"
BACKUPOPS_COMMVAULT_URL="$(address commvault)"
BACKUPOPS_NAKIVO_URL="$(address nakivo)"
BACKUPOPS_NETAPP_BLUEXP_URL="$(address netapp_bluexp)"
BACKUPOPS_VEEAM_M365_URL="$(address veeam_m365)"
export BACKUPOPS_COMMVAULT_URL BACKUPOPS_NAKIVO_URL BACKUPOPS_NETAPP_BLUEXP_URL BACKUPOPS_VEEAM_M365_URL

export ANSIBLE_COLLECTIONS_PATH="$PWD/tree" ANSIBLE_CALLBACK_RESULT_FORMAT=yaml
export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_INVENTORY_UNPARSED_WARNING=false
"$bin/ansible-playbook" playbooks/overview.yml -e @playbooks/vars/simulator.yml \
  -e job_report_dest="$out/overview.html" -e job_report_csv="$out/overview.csv" -e job_report_json="$out/overview.json" "$@"

echo "Open this in a browser: $out/overview.html"
echo "The same for a spreadsheet: $out/overview.csv, and for programs: $out/overview.json"
