#!/usr/bin/python

# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_session
short_description: Open or end a session that browses a backup, or start a restore of data
version_added: 1.0.0
description:
  - Opens a backup at a point in time for browsing and ends such sessions, or restores data, with the same words on every product.
  - What is opened is checked first. Products open an empty session for a time before the first backup, or another backup for a
    time after the last one, without any error.
  - The same task twice opens one session. A session whose answer was lost, or whose task was killed, is found by reading and
    taken, never opened a second time.
  - So that a later task can reuse or end a session, it is recorded in a file of mode 0600 in O(session_cache_dir), also when
    O(session_cache) is V(false). The record holds no password and no token.
  - A task that opens or reuses a session does not log out, since a product may end its sessions with the login.
author:
  - backupops.jobs contributors (@backupops)
extends_documentation_fragment:
  - backupops.jobs.connection
  - backupops.jobs.waiting
  - backupops.jobs.audit
  - backupops.jobs.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - A session that has expired is opened anew, and so is one of the latest backup when there is a newer one by now.
      - A restore that is still under way is not started again. Once it has ended, the same task starts the next one.
options:
  state:
    description:
      - V(started) opens a session or starts a restore, V(stopped) ends it. Ending twice changes nothing.
    type: str
    choices: [started, stopped]
    required: true
  kind:
    description:
      - V(browse) only reads, on every platform. V(restore) writes data.
      - Veeam can V(browse) (the action explore, v5 to v8); it needs the Veeam Explorers on the server, which ends an idle session
        by itself after a time that is not documented.
      - NAKIVO can V(browse) with a file recovery session of one recovery point. This is known from release 11.2.1 only. A session
        lives about one minute unless somebody asks for its state; the same task again does that.
      - NAKIVO can V(restore) by starting a recovery job that exists already. That the call works for recovery jobs is inferred.
        The product does not tell where such a job writes, so O(in_place) and O(overwrite) cannot be checked; a warning says so.
      - NetApp BlueXP can V(browse) the backups of a volume (file-explore) and returns the content of a folder in RV(files). There is
        no session to stop. It can V(restore) a volume or files (v3/restore); a restore that runs cannot be stopped.
      - Commvault browses without a session. It can V(restore) files with a restore task (CreateTask), whose request is known from
        client code only. V(stopped) kills its job.
    type: str
    choices: [browse, restore]
    default: browse
  job_id:
    description:
      - The backup job whose backups are opened. For V(kind=restore) on NAKIVO, the recovery job.
      - On Commvault the id of one backup (a run), all of which is restored. Not for NetApp BlueXP.
      - With V(state=stopped), all sessions that this account opened from it with this collection on this machine are ended.
    type: str
  organization_id:
    description: The organization whose backups are opened, by id. Veeam only.
    type: str
  organization:
    description: The same by name. An unknown or ambiguous name fails and lists what there is.
    type: str
  session_id:
    description:
      - The session to end. Sessions that others opened need it.
      - For V(kind=restore) it is the id of the run.
    type: str
  point_in_time:
    description:
      - The time whose data is shown. The newest backup at or before it is opened. The default is the latest.
      - Written as O(backupops.jobs.job_info#module:since), but it needs a zone, or O(timezone), since a wrong zone opens the wrong day.
        Relative times point to the past.
    type: str
  type:
    description:
      - What a session of Veeam shows. V(vex) is Exchange, V(veod) OneDrive, V(vesp) SharePoint, V(vet) Teams.
      - Needed for V(state=started) on Veeam; with V(state=stopped) it narrows O(job_id), O(organization_id) and O(organization).
    type: str
    choices: [vex, veod, vesp, vet]
  in_place:
    description:
      - Whether a restore may write over its own source. The default is V(false). For V(kind=restore).
      - On NetApp BlueXP that is a target with the same system, SVM and volume. On Commvault it is a restore without
        O(commvault.target), or onto the same client into the folder where a path came from.
    type: bool
  overwrite:
    description:
      - Whether a restore may overwrite what exists. The default is V(false). For V(kind=restore).
      - NetApp BlueXP needs it for a target volume that exists, and for files whose target path is that of the source.
      - On Commvault it becomes unconditionalOverwrite of the restore task.
    type: bool
  show_deleted:
    description: Whether the session shows deleted items. The default is the product's. Veeam only.
    type: bool
  show_all_versions:
    description: Whether the session shows all versions of items. The default is the product's. Veeam only.
    type: bool
  reuse:
    description:
      - Return an open session of the same source, type and point in time that this account opened, instead of opening another one.
        The default is V(true).
      - Only recorded sessions count, as no product tells the point in time of a session. A relative O(point_in_time) in the same
        words counts as the same for ten minutes.
      - A restore on NetApp BlueXP that is under way with the same source and target counts whoever started it, as its job tells them.
    type: bool
  check_range:
    description:
      - Refuse a O(point_in_time) earlier than the first backup, and warn of one later than the last, which opens the last. The
        default is V(true).
      - Veeam asks a backup proxy for these times, which must be online.
    type: bool
  wait:
    description:
      - Wait until a restore has ended, with its progress. The default is V(false).
      - A session that is browsed is always ready when the task returns.
    type: bool
  commvault:
    description: Options that only Commvault has, for V(kind=restore).
    type: dict
    suboptions:
      client:
        description: Name of the client whose backups are restored. An ambiguous name fails with the ids.
        type: str
      client_id:
        description: The same by id.
        type: int
      agent:
        description: Agent of the subclient, where the client has several. Only file systems can be restored.
        type: str
      instance:
        description: Instance of the subclient, where there are several.
        type: str
      backupset:
        description: Backup set of the subclient, where there are several.
        type: str
      subclient:
        description: Name of the subclient, where several fit.
        type: str
      subclient_id:
        description: The subclient by id. It tells the client and all the rest.
        type: int
      paths:
        description:
          - The files and folders to restore. Needed unless O(job_id) is given.
        type: list
        elements: str
      target:
        description: Where the restore writes. Without it the restore is in place, which needs O(in_place).
        type: dict
        suboptions:
          client:
            description: Name of the client to restore to. The default is the client of the backup.
            type: str
          client_id:
            description: The same by id.
            type: int
          path:
            description: The folder there. Needed in O(commvault.target). The last part of each path is made below it.
            type: str
      copy_precedence:
        description: The storage policy copy to read from, by its rank from 1. The default leaves it to Commvault.
        type: int
      include_aged_data:
        description: Whether aged data may be restored, too. The default is V(false).
        type: bool
      restore_acls:
        description: Whether the permissions of files are restored, too. The default is V(true).
        type: bool
  netapp_bluexp:
    description: Options that only NetApp BlueXP has. They are the fields of the body of v3/restore; what BlueXP tells is looked up.
    type: dict
    suboptions:
      type:
        description: What is restored. Needed for V(kind=restore).
        type: str
        choices: [volume, file]
      source:
        description: The backup. Needed, with a system and a volume.
        type: dict
        suboptions:
          working_environment:
            description: Name of the system.
            type: str
          working_environment_id:
            description: The same by id.
            type: str
          bucket:
            description: The bucket that holds the backups. The default is that of the system.
            type: str
          volume_name:
            description: Name of the volume. A name that is on several SVMs fails with the ids.
            type: str
          volume_id:
            description: The same by id. Of a volume that is gone, give id and name.
            type: str
          snapshot:
            description:
              - Name or id of the backup. The default is the newest one at O(point_in_time).
              - The name is sent; that BlueXP takes the name and not the id is inferred.
            type: str
      target:
        description: Where a restore writes. Needed for V(kind=restore).
        type: dict
        suboptions:
          working_environment:
            description: Name of the system. The default is that of the source.
            type: str
          working_environment_id:
            description: The same by id.
            type: str
          svm:
            description:
              - The SVM (storage VM). The default is that of the source in the same system, in another system that of the volume, where
                there is exactly one of its name.
            type: str
          volume_name:
            description: Needed. A volume restore makes the volume; files need one that exists.
            type: str
          path:
            description: The folder that files go into. Without it the original path is assumed. For V(file).
            type: str
          retain_source_path:
            description: Whether the path of a file is kept below O(netapp_bluexp.target.path). For V(file).
            type: bool
          aggregates:
            description: Aggregates for the new volume. For V(volume).
            type: list
            elements: str
      files:
        description:
          - The files, or the folders, to restore. BlueXP takes either in one restore. Needed for V(file).
          - RV(files) of V(kind=browse) has all fields. With the path alone, the rest is looked up in a backup that is browsed already.
        type: list
        elements: dict
        suboptions:
          path:
            description: The path in the volume.
            type: str
            required: true
          inode:
            description: The number of the file.
            type: int
          type:
            description: The product's word, V(file) or V(directory).
            type: str
          size:
            description: Bytes.
            type: int
          mtime:
            description: Time of the last change, as the product tells it.
            type: int
      path:
        description: The folder that is listed. The default is the root. For V(kind=browse).
        type: str
      archive_restore_priority:
        description: How soon archived backups are fetched. For V(kind=restore).
        type: str
        choices: [High, Standard, Low]
      skip_ransomware_check:
        description: Whether the scan of the backup is skipped. For V(kind=restore).
        type: bool
      skip_file_rename:
        description: Whether files keep their names. For V(file).
        type: bool
  nakivo:
    description: Options that only NAKIVO Backup & Replication has, for V(kind=browse).
    type: dict
    suboptions:
      backup_object:
        description: Name of the object (VM, host, share) of O(job_id). Needed when the job has several.
        type: str
      backup_object_id:
        description: The same by the number of its backup object. Without O(job_id) it also is a source of its own.
        type: int
      recovery_point_id:
        description: The recovery point to open, instead of O(point_in_time).
        type: int
      hv_type:
        description:
          - Kind of the original source, for example V(VMWARE), V(PHYSICAL) or V(NAS). The default is that of the job.
          - Needed for backup copy jobs, which do not tell it, and without O(job_id).
        type: str
seealso:
  - module: backupops.jobs.restore_session_info
  - module: backupops.jobs.job_info
"""

EXAMPLES = r"""
- name: Open, look, and close whatever happens
  block:
    - name: Open the mailboxes as they were on that evening
      backupops.jobs.restore_session:
        platform: veeam_m365
        url: https://vb365.example.com:4443
        username: VB365\operator
        password: "{{ vault_veeam_password }}"
        state: started
        organization: contoso.onmicrosoft.com
        type: vex
        point_in_time: "2026-01-31 22:00:00"
        timezone: Europe/Zurich
        show_deleted: true
        reason: CHG0031337
      register: opened

    - name: Do something with it
      ansible.builtin.debug:
        var: opened.session.id
  always:
    - name: Close it, also when its id never reached us
      backupops.jobs.restore_session:
        platform: veeam_m365
        url: https://vb365.example.com:4443
        username: VB365\operator
        password: "{{ vault_veeam_password }}"
        state: stopped
        organization: contoso.onmicrosoft.com

- name: Open yesterday's recovery point of one machine
  backupops.jobs.restore_session:
    platform: nakivo
    url: https://director.example.com:4443
    username: operator
    password: "{{ vault_nakivo_password }}"
    state: started
    job_id: "12"
    point_in_time: 24h
    nakivo:
      backup_object: web-01

- name: Run a recovery job that was made at the web page, and wait for its end
  backupops.jobs.restore_session:
    platform: nakivo
    url: https://director.example.com:4443
    username: operator
    password: "{{ vault_nakivo_password }}"
    state: started
    kind: restore
    job_id: "40"
    wait: true

- name: Look into last week's backup of a volume
  backupops.jobs.restore_session:
    platform: netapp_bluexp
    client_id: "{{ vault_bluexp_client }}"
    client_secret: "{{ vault_bluexp_secret }}"
    state: started
    point_in_time: 7d
    netapp_bluexp:
      source:
        working_environment: onprem-zrh-a800
        volume_name: dept_finance
      path: /reports/2026
  register: seen

- name: Restore the spreadsheets of that folder beside the originals, and wait
  backupops.jobs.restore_session:
    platform: netapp_bluexp
    client_id: "{{ vault_bluexp_client }}"
    client_secret: "{{ vault_bluexp_secret }}"
    state: started
    kind: restore
    point_in_time: 7d
    in_place: true
    netapp_bluexp:
      type: file
      source:
        working_environment: onprem-zrh-a800
        volume_name: dept_finance
      files: "{{ seen.files | selectattr('path', 'search', '[.]xlsx$') }}"
      target:
        volume_name: dept_finance
        path: /restored
    wait: true

- name: Restore a folder of a server as it was, onto another server
  backupops.jobs.restore_session:
    platform: commvault
    url: https://cs.example.com/commandcenter/api
    token: "{{ vault_commvault_token }}"
    state: started
    kind: restore
    point_in_time: "2026-01-31T22:00:00Z"
    commvault:
      client: fs-zurich-01
      subclient: default
      paths: [/srv/data/contracts]
      target:
        client: fs-zurich-02
        path: /restored
    wait: true
"""

RETURN = r"""
session:
  description: The session that was opened, met or ended; null when there was none to end. Of several, the newest.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the session; of V(kind=restore), of its run. Null in check mode.
      returned: always
      type: str
      sample: 8f6ee6b1-28a1-4ec0-a2cb-a9f63a6b2c57
    platform:
      description: The product.
      returned: always
      type: str
      sample: veeam_m365
    kind:
      description: V(browse) or V(restore).
      returned: always
      type: str
      sample: browse
    type:
      description: What it shows or restores.
      returned: always
      type: str
      sample: vex
    state:
      description: V(open) or V(closed); of V(kind=restore), the state of its run.
      returned: always
      type: str
      sample: open
    result:
      description: How it ended, in the words of a run; null before that and where the product does not tell.
      returned: always
      type: str
      sample: null
    source:
      description: Where the data comes from, as C(kind), C(id), C(name) and C(client) (the organization, for Veeam).
      returned: always
      type: dict
      sample:
        kind: job
        id: 3396ba22-21b1-4666-a631-0edfc12a59cd
        name: Exchange Online
        client: contoso.onmicrosoft.com
    point_in_time:
      description: The time whose data is shown; of the latest, the time of the last backup where the product tells it.
      returned: always
      type: str
      sample: "2026-01-31T21:00:00Z"
    recovery_point:
      description: The backup that is shown, as C(id) and C(created_at), where the product tells it.
      returned: always
      type: dict
      sample: {id: null, created_at: null}
    created_at:
      description: When it was opened.
      returned: always
      type: str
      sample: "2026-02-02T08:15:00Z"
    ended_at:
      description: When it ended.
      returned: always
      type: str
      sample: null
    initiated_by:
      description: Who opened it, as C(name) and C(how).
      returned: always
      type: dict
      sample: {name: "VB365\\operator", how: null}
    run:
      description: The record of the run of a restore, as in RV(backupops.jobs.job_info#module:jobs); else null.
      returned: always
      type: dict
      sample: null
files:
  description:
    - What a session of NetApp BlueXP shows in O(netapp_bluexp.path), as C(path), C(type), C(size) in bytes, C(inode) and C(mtime) (the
      product's number), by path. Null everywhere else, and in check mode unless the session is open already.
  returned: always
  type: list
  elements: dict
  sample: null
sessions:
  description: All sessions that were meant, newest first. More than one only when they were ended by their source.
  returned: always
  type: list
  elements: dict
  sample: []
audit:
  description: One entry for each write. Empty in check mode. Returned on failure, too.
  returned: always
  type: list
  elements: dict
  sample:
    - at: "2026-02-02T08:15:00Z"
      account: VB365\operator
      module: backupops.jobs.restore_session
      operation: open
      uid: veeam_m365:vb365.example.com:4443:definition:3396ba22-21b1-4666-a631-0edfc12a59cd
      reason: CHG0031337
      before: {state: null}
      after: {state: open, session_id: 8f6ee6b1-28a1-4ec0-a2cb-a9f63a6b2c57}
      status: changed
diff:
  description: What was decided, by the uid of the source.
  returned: in diff mode
  type: dict
  sample:
    before: {"veeam_m365:vb365.example.com:4443:definition:3396ba22-21b1-4666-a631-0edfc12a59cd": {session: closed}}
    after: {"veeam_m365:vb365.example.com:4443:definition:3396ba22-21b1-4666-a631-0edfc12a59cd": {session: open}}
timeline:
  description: What changed while waiting, one entry for each change of a run.
  returned: when waiting for a restore
  type: list
  elements: dict
  sample: []
error:
  description: What went wrong, for programs; RV(ignore:msg) says it to people.
  returned: failure
  type: dict
  sample:
    kind: refused
    status: null
    code: null
    message: "point_in_time: 2001-01-01T00:00:00Z is earlier than the first backup of contoso.onmicrosoft.com (2019-11-04T21:00:12Z): there is nothing to show."
    hint: "Take a later time; check_range: false opens a session all the same."
    request_id: null
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.backupops.jobs.plugins.module_utils import edge
from ansible_collections.backupops.jobs.plugins.module_utils.runners import restore_session


def main():
    module = AnsibleModule(argument_spec=restore_session.SPEC, supports_check_mode=True, **restore_session.CONSTRAINTS)
    edge.run_module(module, restore_session.run)


if __name__ == "__main__":
    main()
