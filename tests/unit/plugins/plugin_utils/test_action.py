# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task returns that fails before its runner begins."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.plugins.action import ActionBase

from ansible_collections.backupops.jobs.plugins.action import job_action, job_info, job_operation, restore_session

TASK = {"platform": "nakivo", "url": "https://elsewhere.example.com"}
HOME = {"BACKUPOPS_NAKIVO_URL": "https://director.example.com", "BACKUPOPS_NAKIVO_PASSWORD": "planted"}
EMPTY = {"changed": False, "jobs": [], "outcomes": [], "audit": []}


@pytest.fixture
def fail(monkeypatch):
    """The result of a task that runs here and must fail."""
    monkeypatch.setattr(ActionBase, "run", lambda *_given: {})

    def run(plugin, background=0, transport="local", **arguments):
        task = SimpleNamespace(args=dict(TASK, **arguments), async_val=background, check_mode=False, diff=False)
        connection, context = SimpleNamespace(transport=transport), SimpleNamespace(become=False)
        action = plugin.ActionModule(task, connection, context, None, None, None)
        monkeypatch.setattr(action, "_task_environment", lambda: HOME)
        monkeypatch.setattr(action, "_execute_module", lambda **_given: pytest.fail("a module was shipped"))
        result = action.run()
        assert result["failed"]
        return result

    return run


def test_the_guard_of_the_environment(fail):
    found = fail(job_action, state="started", job_ids=["1"])
    assert found["error"]["kind"] == "refused" and found.items() >= EMPTY.items()
    assert fail(job_operation, operation="retain", job_ids=["1"]).items() >= dict(EMPTY, plan=None, missing=[]).items()
    assert fail(restore_session, state="started").items() >= {"session": None, "sessions": [], "audit": []}.items()
    assert fail(job_info)["changed"] is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "disabled", "wait": True}, "wait applies to state"),
        ({"state": "started", "wait": True, "wait_timeout": "abc"}, "wait_timeout"),
        ({"state": "started", "wait": True, "on_timeout": "bogus"}, "on_timeout"),
        ({"wait": True}, "state"),
    ],
)
def test_a_wait_is_looked_into_before_its_module_is_shipped(fail, options, words):
    found = fail(job_action, transport="ssh", url=None, job_ids=["1"], **options)
    assert words in found["msg"] and found.items() >= EMPTY.items()


def test_a_trail_that_cannot_be_written_is_told_before_anything_is_done(fail, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRAILS", str(tmp_path))
    for path in (tmp_path / "file" / "trail", tmp_path, tmp_path / "link", "$TRAILS/link/trail"):
        for transport in ("local", "ssh"):
            found = fail(
                job_action, transport=transport, url=None, state="disabled", job_ids=["1"], audit_log=str(path)
            )
            assert found["error"]["kind"] == "invalid" and found["msg"].startswith("audit_log: nothing can be added")
            assert str(tmp_path) in found["msg"]
    found = fail(job_action, background=60, url=None, state="disabled", job_ids=["1"], audit_log="/trail")
    assert "async" in found["msg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"], "a look makes no file"


def test_arguments_that_cannot_be_right(fail):
    found = fail(job_action, state="paused", url=None)
    assert "paused" in found["msg"] and found.items() >= EMPTY.items()
