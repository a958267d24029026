# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shapes of the backup API's paths."""

from __future__ import annotations

API = r"/account/(?P<account>[^/]+)/providers/cloudmanager_cbs/api"
WE = r"/working-environment/(?P<we>[^/]+)"
VOLUME = r"/volume/(?P<volume>[^/]+)"
SNAPSHOT = r"/snapshot/(?P<snapshot>[^/]+)"
