"""The files for several bots at several nodes fit together; they are not run in containers."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from tests.faults.postgres.cluster import SETTINGS
from tests.support import ROOT, postgres
from tests.support.postgres import execute, needs_postgres, own_server, url_of
from tests.support.service import interaction, open_service
from tests.support.webhooks import free_port

DEPLOY = ROOT / "deploy"
SCALE = DEPLOY / "scale"
PASSWORD = "a'b c"


def yaml_of(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


COMPOSE = yaml_of(DEPLOY / "compose.scale.yaml")
ALONE = yaml_of(DEPLOY / "compose.yaml")
SERVICES = COMPOSE["services"]
PATRONI = yaml_of(SCALE / "patroni.yaml")
NODES = ["node1", "node2", "node3"]
BOTS = ["bot1", "bot2"]


def test_the_bots_are_given_every_node_and_the_same_as_the_one_alone() -> None:
    for name in BOTS:
        bot = SERVICES[name]
        hosts = re.findall(r"@([\w,]+)/bot\?", bot["environment"]["DATABASE_URL"])

        assert hosts == [",".join(NODES)]
        assert bot["environment"]["DATABASE_URL"].endswith("target_session_attrs=read-write")
        for key in ("build", "env_file", "stop_grace_period", "mem_limit", "pids_limit"):
            assert bot[key] == ALONE["services"]["bot"][key], key
    assert SERVICES["bot1"]["volumes"] != SERVICES["bot2"]["volumes"]


def test_every_service_is_locked_down_and_reachable_from_this_machine_only() -> None:
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name


def test_every_file_and_volume_that_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            here = volume.split(":")[0]
            assert here in COMPOSE["volumes"] or (DEPLOY / here).exists(), here
        for variable in json.dumps(service).split("${")[1:]:
            assert re.match(r"\w+:\?", variable), "a password that has a default"


def test_the_nodes_find_each_other_and_promise_what_the_faults_are_tried_with() -> None:
    settings = PATRONI["bootstrap"]["dcs"]
    tried: dict[str, Any] = SETTINGS["postgresql"]["parameters"]  # type: ignore[index]

    for promise in ("synchronous_mode", "synchronous_mode_strict"):
        assert settings[promise] is SETTINGS[promise] is True
    for parameter in ("wal_recycle", "wal_log_hints"):
        assert settings["postgresql"]["parameters"][parameter] == tried[parameter]
    assert settings["ttl"] >= settings["loop_wait"] + 2 * settings["retry_timeout"]
    assert [host.split(":")[0] for host in PATRONI["etcd3"]["hosts"]] == [
        name for name in SERVICES if name.startswith("etcd")
    ]
    for name in NODES:
        environment = SERVICES[name]["environment"]
        assert environment["PATRONI_NAME"] == name
        assert environment["PATRONI_POSTGRESQL_CONNECT_ADDRESS"] == f"{name}:5432"


def test_the_proxy_and_prometheus_lead_to_the_bots() -> None:
    proxy = (SCALE / "haproxy.cfg").read_text("utf-8")
    jobs = {job["job_name"]: job for job in yaml_of(SCALE / "prometheus.yaml")["scrape_configs"]}
    dashboard = (DEPLOY / "grafana" / "dashboards" / "telegram-bot.json").read_text("utf-8")
    port = SERVICES["bot1"]["environment"]["METRICS_PORT"]
    prometheus = json.loads(json.dumps(SERVICES["prometheus"]).replace("./scale/", "./grafana/"))

    assert re.findall(r"^ +server (\w+) \1:8080$", proxy, re.MULTILINE) == BOTS
    assert jobs["bot"]["static_configs"] == [{"targets": [f"{name}:{port}" for name in BOTS]}]
    assert 'job="bot"' in dashboard.replace("\\", "")
    assert prometheus == ALONE["services"]["prometheus"]
    assert SERVICES["grafana"] == ALONE["services"]["grafana"]


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_the_proxy_takes_its_configuration() -> None:
    subprocess.run(["haproxy", "-c", "-f", SCALE / "haproxy.cfg"], check=True)


@needs_postgres()
@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
async def test_the_database_is_made_for_a_bot_that_may_remove_what_was_erased(
    tmp_path: Path,
) -> None:
    from analytics.postgres.connections import Server
    from analytics.postgres.wal import remove_log

    port = free_port()
    with (
        patch.object(postgres, "USER", "postgres"),
        own_server(port, "-c listen_addresses= -c wal_recycle=off") as folder,
    ):
        environment = {"PATH": os.environ["PATH"], "BOT_DATABASE_PASSWORD": PASSWORD}
        made_by = url_of(folder, "postgres", port, "postgres")
        script = SCALE / "make-database.sh"
        making = asyncio.create_subprocess_exec(script, made_by, env=environment)
        assert await (await making).wait() == 0
        url = url_of(folder, "bot", port, "bot")
        async with open_service(tmp_path, database_url=url) as analytics:
            assert await analytics.record([interaction()], [1])
        connection = await Server(url).connect()
        try:
            assert await remove_log(connection)
        finally:
            await connection.close()
        [(password,)] = execute(made_by, "SELECT rolpassword FROM pg_authid WHERE rolname = 'bot'")

    assert password.startswith("SCRAM-SHA-256")


def try_scale(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", ROOT / "deploy" / "try-scale.sh", *arguments],
        env={"PATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not (ROOT / ".venv").exists(), reason="the script looks for Python elsewhere")
def test_what_is_missing_for_a_try_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "dirname").symlink_to(shutil.which("dirname") or "")
    without = try_scale(path=str(tmp_path))

    assert without.returncode == 2
    assert "apt-get install p" in without.stderr
    assert len(without.stderr.splitlines()) == 1
