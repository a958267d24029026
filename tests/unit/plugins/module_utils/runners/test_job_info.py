# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gc

import pytest

from ansible_collections.backupops.jobs.plugins.module_utils.runners import job_info


def test_garbage_is_collected_again_after_a_list_that_failed():
    with pytest.raises(ValueError):
        with job_info._no_collection():
            assert not gc.isenabled()
            raise ValueError
    assert gc.isenabled()


def test_who_collects_no_garbage_is_left_alone():
    gc.disable()
    try:
        with job_info._no_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
