# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small look-ups of the API: cloud accounts, regions, keys, SVMs, StorageGRID, licence, catalogue set-up."""

from __future__ import annotations

from ...product import Reply, Request, route
from .ground import Ground
from .paths import API, SNAPSHOT, VOLUME, WE

V1 = API + r"/v1"
SUBSCRIPTION = V1 + r"/azure/subscription/(?P<subscription>[^/]+)"
PROJECT = V1 + r"/gcp/project/(?P<project>[^/]+)/region"
AWS_REGION = V1 + r"/aws/awsAccountId/(?P<aws>[^/]+)/region/(?P<region>[^/]+)"


class CloudCalls(Ground):
    @route("GET", V1 + r"/aws/account")
    def aws_accounts(self, request: Request, account: str) -> Reply:
        return Reply(200, {"account": ["464262061435"]})

    @route("GET", V1 + r"/aws/region")
    def aws_regions(self, request: Request, account: str) -> Reply:
        return Reply(200, {"region": [{"name": "Europe (Zurich)", "code": "eu-central-2"}]})

    @route("GET", AWS_REGION + r"/key")
    def aws_keys(self, request: Request, account: str, aws: str, region: str) -> Reply:
        return Reply(200, {"key": [{"name": "backup-key", "id": "alias/backup-key", "origin": "AWS_KMS"}]})

    @route("GET", AWS_REGION + r"/privateLink")
    def aws_links(self, request: Request, account: str, aws: str, region: str) -> Reply:
        row = {
            "vpc-name": "core",
            "vpc-id": "vpc-0a1b",
            "private-endpoint-id": "vpce-0a1b",
            "private-endpoint-name": "s3",
        }
        return Reply(200, {"privateLink": [row]})

    @route("GET", V1 + r"/aws/archival-storage-class")
    def aws_archive(self, request: Request, account: str) -> Reply:
        return Reply(200, {"storage-class": ["GLACIER", "DEEP_ARCHIVE"]})

    @route("GET", V1 + r"/azure/subscription")
    def azure_subscriptions(self, request: Request, account: str) -> Reply:
        return Reply(200, {"subscription": [{"name": "Production", "id": "1d3b-example"}]})

    @route("GET", SUBSCRIPTION + r"/region")
    def azure_regions(self, request: Request, account: str, subscription: str) -> Reply:
        return Reply(200, {"region": [{"name": "Switzerland North", "code": "switzerlandnorth"}]})

    @route("GET", SUBSCRIPTION + r"/resource-group")
    def azure_groups(self, request: Request, account: str, subscription: str) -> Reply:
        rows = [
            {"name": name, "id": f"/resourceGroups/{name}", "region": region} for name, region in self.azure_groups_by
        ]
        wanted = request.query.get("region", "")
        return Reply(200, {"resource-group": [row for row in rows if not wanted or row["region"] == wanted]})

    @route("POST", SUBSCRIPTION + r"/resource-group", writes=True)
    def add_azure_group(self, request: Request, account: str, subscription: str) -> Reply:
        body = self.needing(request, "name", "region")
        self.azure_groups_by.append((body["name"], body["region"]))
        return Reply(200, {"state": "CREATED"})

    @route("GET", SUBSCRIPTION + r"/vnet")
    def azure_networks(self, request: Request, account: str, subscription: str) -> Reply:
        row = {"name": "core", "id": "/vnets/core", "region": "switzerlandnorth"}
        return Reply(200, {"vnet": [{**row, "subnet": [{"name": "backup", "id": "/vnets/core/backup"}]}]})

    @route("GET", SUBSCRIPTION + r"/vault")
    def azure_vaults(self, request: Request, account: str, subscription: str) -> Reply:
        return Reply(200, {"vault": [{"name": "backup", "id": "/vaults/backup", "region": "switzerlandnorth"}]})

    @route("GET", SUBSCRIPTION + r"/vault/(?P<vault>[^/]+)/key")
    def azure_keys(self, request: Request, account: str, subscription: str, vault: str) -> Reply:
        return Reply(200, {"key": [{"name": "cbs", "id": f"/vaults/{vault}/keys/cbs"}]})

    @route("GET", V1 + r"/gcp/project")
    def gcp_projects(self, request: Request, account: str) -> Reply:
        return Reply(200, {"project": [{"name": "example-backup", "id": "example-backup-1"}]})

    @route("GET", PROJECT)
    def gcp_regions(self, request: Request, account: str, project: str) -> Reply:
        return Reply(200, {"region": [{"name": "europe-west6", "code": "europe-west6"}]})

    @route("GET", PROJECT + r"/(?P<location>[^/]+)/keyrings")
    def gcp_rings(self, request: Request, account: str, project: str, location: str) -> Reply:
        return Reply(200, {"keyRings": [{"id": "ring-1", "name": "backup"}]})

    @route("GET", PROJECT + r"/(?P<location>[^/]+)/keyrings/(?P<ring>[^/]+)/cryptokey")
    def gcp_keys(self, request: Request, account: str, project: str, location: str, ring: str) -> Reply:
        return Reply(200, {"cryptoKeys": [{"id": "key-1", "name": "cbs"}]})

    @route("GET", V1 + WE + r"/ip-space")
    def ip_spaces(self, request: Request, account: str, we: str) -> Reply:
        return Reply(200, {"ip-space": [{"id": "4294967295", "name": self.system(we).ip_space}]})

    @route("GET", V1 + WE + r"/svm")
    def svms(self, request: Request, account: str, we: str) -> Reply:
        system = self.system(we)
        rows = [
            {"id": f"{system.id}-{name}", "name": name, "aggregate": list(system.aggregates)} for name in system.svms
        ]
        return Reply(200, {"svm": rows})

    @route("GET", API + r"/v2" + WE + r"/svm")
    def svms_v2(self, request: Request, account: str, we: str) -> Reply:
        system = self.system(we)
        aggregates = [
            {
                "id": name,
                "name": name,
                "disktype": "ssd",
                "is-tiered": False,
                "totalsize": 10,
                "available": 6,
                "used": 4,
            }
            for name in system.aggregates
        ]
        return Reply(
            200, {"svm": [{"id": f"{we}-{name}", "name": name, "aggregates": aggregates} for name in system.svms]}
        )

    @route("POST", V1 + WE + r"/configure-object-store", writes=True)
    def add_object_store(self, request: Request, account: str, we: str) -> Reply:
        body = self.needing(request, "cloud-provider", "object-store-name")
        self.system(we).object_stores.append(body["object-store-name"])
        return Reply(201, {})

    @route("POST", API + r"/v2" + WE + r"/configure-object-store", writes=True)
    def add_object_store_v2(self, request: Request, account: str, we: str) -> Reply:
        body = self.needing(request, "cloud-provider", "object-store-name")
        self.system(we).object_stores.append(body["object-store-name"])
        return self.accepted(self.start_job("none", self.system(we)))

    @route("GET", V1 + WE + r"/object-store-config/status")
    def object_store_status(self, request: Request, account: str, we: str) -> Reply:
        name = request.query.get("object-store-name", "")
        if not name:
            self.refuse("object-store-name is required")
        return Reply(200, {"status": "CONFIGURED" if name in self.system(we).object_stores else "NOT_CONFIGURED"})

    @route("POST", API + r"/v[12]/catalog/working-environments/(?P<we>[^/]+)/setup", writes=True)
    def set_up_catalog(self, request: Request, account: str, we: str) -> Reply:
        self.system(we).catalog = True
        return Reply(202, {})

    @route("PUT", V1 + r"/catalog/working-environments/(?P<we>[^/]+)", writes=True)
    def switch_catalog(self, request: Request, account: str, we: str) -> Reply:
        body = self.needing(request, "state")
        if body["state"] not in ("ENABLE", "DISABLE"):
            self.refuse("state must be ENABLE or DISABLE")
        self.system(we).catalog = body["state"] == "ENABLE"
        return Reply(200, {})

    @route("GET", V1 + r"/license" + WE)
    def licence(self, request: Request, account: str, we: str) -> Reply:
        self.system(we)
        if request.query.get("provider") not in ("AWS", "AZURE", "GCP", "SGWS"):
            self.refuse("provider must be one of AWS, AZURE, GCP, SGWS")
        return Reply(200, {"free-trial-end": 0, "eligible": True})

    @route("POST", V1 + r"/ransomware" + WE + VOLUME + SNAPSHOT, writes=True)
    def scan(self, request: Request, account: str, we: str, volume: str, snapshot: str) -> Reply:
        system = self.system(we)
        self.snapshot(self.volume(system, volume), snapshot)
        return self.accepted(self.start_job("none", system))

    @route("POST", V1 + r"/sg/version")
    def grid_version(self, request: Request, account: str) -> Reply:
        self.needing(request, "storage-server")
        return Reply(200, {"version": "11.7.0.4"})

    @route("GET", V1 + r"/sg")
    def grids(self, request: Request, account: str) -> Reply:
        return Reply(200, {"sgws": list(self.storage_grids)})

    @route("POST", V1 + r"/sg", writes=True)
    def add_grid(self, request: Request, account: str) -> Reply:
        body = self.needing(request, "admin-host", "admin-username", "admin-password")
        self.storage_grids.append({"name": body["admin-host"], "id": self.new_id()})
        return Reply(200, self.storage_grids[-1])

    @route("POST", V1 + r"/sg/credentials" + WE, writes=True)
    def grid_credentials(self, request: Request, account: str, we: str) -> Reply:
        self.system(we)
        self.needing(request, "storage-server", "access-key", "secret-password")
        return Reply(200, {})
