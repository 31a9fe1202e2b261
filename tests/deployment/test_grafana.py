"""The dashboard for Grafana shows what the bot measures, and asks for nothing else."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from bot.sandbox import Sandbox
from tests.support import ROOT
from tests.support.clock import Clock
from tests.support.conversation import ask
from tests.support.environments import run
from tests.support.processes import PATIENCE, launch
from tests.support.promql import Query, read
from tests.support.running import running_bot
from tests.support.webhooks import free_port

DEPLOY = ROOT / "deploy"
GRAFANA = DEPLOY / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "telegram-bot.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
# What Prometheus adds to what it collects.
PROMETHEUS = {"up": {"job", "instance"}}
# Metrics that the dashboard leaves out, and why.
NOT_SHOWN = {
    "bot_standby": "which of several processes polls: of one, nothing is to be seen",
    "process_virtual_memory_bytes": "address space says nothing of the memory in use",
    "process_start_time_seconds": "a restart is seen in every chart, and logged",
}
# The types of panels that are part of Grafana.
TYPES = {"stat", "timeseries", "bargauge", "table"}


def yaml_of(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


COMPOSE = yaml_of(DEPLOY / "compose.yaml")
MONITORING = {
    name: service
    for name, service in COMPOSE["services"].items()
    if service.get("profiles") == ["monitoring"]
}


def queries() -> Iterator[tuple[str, Query]]:
    for title, target in TARGETS:
        yield title, read(target["expr"])


async def exposed_by(port: int) -> dict[str, set[str]]:
    """The names of the labels by each name of a sample that the bot exposes."""
    async with (
        ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        text = await response.text()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def family(name: str) -> str:
    """The metric that a sample of a histogram belongs to."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


def test_a_query_is_read_with_all_that_it_asks_for() -> None:
    query = read(
        'sum by (le, a) (rate(x_bucket{b=~"c d|{e}", f!="g"}[5m])) / on (h) (time() - y > 0)'
    )

    assert query.metrics == {"x_bucket", "y"}
    assert query.matched == {("x_bucket", "b"), ("x_bucket", "f")}
    assert query.grouped == {"le", "a", "h"}


@pytest.mark.parametrize("limit", [{}, {"breakdown_min_users": 5}])
async def test_the_running_bot_exposes_every_metric_and_label_that_the_dashboard_asks_for(
    sandbox: Sandbox, database: Path, port: int, limit: dict[str, Any]
) -> None:
    async with running_bot(sandbox, database, metrics_port=port, **limit):
        exposed = await exposed_by(port)

    known = exposed | PROMETHEUS
    for title, query in queries():
        assert query.metrics <= known.keys(), title
        for metric, label in query.matched:
            assert label in known[metric], f"{title}: {metric} has no label {label}"
        for metric in query.metrics:
            labels = known[metric] | PROMETHEUS["up"]
            assert query.grouped <= labels, f"{title}: {metric} has only the labels {labels}"
    for title, target in TARGETS:
        named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        assert named <= read(target["expr"]).grouped, title


async def test_every_metric_is_on_the_dashboard_or_left_out_for_a_reason(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    async with running_bot(sandbox, database, metrics_port=port):
        exposed = {family(name) for name in await exposed_by(port)}

    shown = {family(metric) for _, query in queries() for metric in query.metrics}
    assert exposed - shown == NOT_SHOWN.keys()


def test_grafana_gets_what_it_needs_to_load_the_dashboard() -> None:
    [source] = yaml_of(GRAFANA / "datasources" / "prometheus.yaml")["datasources"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    known = {"type": source["type"], "uid": source["uid"]}

    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", DASHBOARD["uid"])
    assert DASHBOARD["title"]
    assert "id" not in DASHBOARD, "the number of a dashboard in another Grafana"
    assert DASHBOARD["schemaVersion"] >= 36  # the first in which data sources have a uid
    assert DASHBOARD["time"].keys() == {"from", "to"}
    assert len(set(ids)) == len(ids)
    for panel in PANELS:
        assert panel["type"] in TYPES
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"] == known
        assert panel["targets"]
        assert all(target["datasource"] == known for target in panel["targets"])
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert panel["type"] == "table" or panel["fieldConfig"]["defaults"]["unit"]


def test_no_panel_covers_another_one_or_leaves_the_grid() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(set(cells)) == len(cells)
    assert {x for x, _ in cells} == set(range(24))


def test_the_services_find_each_other_and_their_files() -> None:
    [source] = yaml_of(GRAFANA / "datasources" / "prometheus.yaml")["datasources"]
    [provider] = yaml_of(GRAFANA / "dashboards" / "provider.yaml")["providers"]
    prometheus = yaml_of(GRAFANA / "prometheus.yaml")
    [job] = prometheus["scrape_configs"]
    bot = COMPOSE["services"]["bot"]["environment"]
    mounted = {
        name: dict(volume.split(":")[1::-1] for volume in service["volumes"])
        for name, service in MONITORING.items()
    }
    home = Path(MONITORING["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert set(mounted) == {"prometheus", "grafana"}
    for places in mounted.values():
        for here in places.values():
            assert here in COMPOSE["volumes"] or (DEPLOY / here).exists(), here
    [config] = [
        option.partition("=")[2]
        for option in MONITORING["prometheus"]["command"]
        if option.startswith("--config.file=")
    ]
    [data] = [
        option.partition("=")[2]
        for option in MONITORING["prometheus"]["command"]
        if option.startswith("--storage.tsdb.path=")
    ]
    assert mounted["prometheus"][config] == "./grafana/prometheus.yaml"
    assert mounted["prometheus"][data] in COMPOSE["volumes"]
    assert mounted["grafana"]["/var/lib/grafana"] in COMPOSE["volumes"]
    assert mounted["grafana"][provider["options"]["path"]] == "./grafana/dashboards"
    assert mounted["grafana"]["/etc/grafana/provisioning/datasources"] == "./grafana/datasources"
    assert (GRAFANA / "dashboards" / home.name).exists()
    assert str(home.parent) == provider["options"]["path"]
    assert source["url"] == "http://prometheus:9090"
    assert job["static_configs"] == [{"targets": [f"bot:{bot['METRICS_PORT']}"]}]
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    assert f'job="{job["job_name"]}"' in json.dumps(DASHBOARD).replace("\\", "")


def test_monitoring_is_optional_pinned_locked_down_and_reachable_from_this_machine_only() -> None:
    services = COMPOSE["services"].values()
    published = [port for service in services for port in service.get("ports", ())]

    assert published == ["127.0.0.1:3000:3000"]
    assert "profiles" not in COMPOSE["services"]["bot"]
    for service in MONITORING.values():
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", service["image"])
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


@asynccontextmanager
async def prometheus(folder: Path, bot_port: int) -> AsyncIterator[str]:
    """Prometheus with the configuration in deploy/, but ten times a second; returns its address."""
    config = yaml_of(GRAFANA / "prometheus.yaml")
    config["global"]["scrape_interval"] = "100ms"
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{bot_port}"]}]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    options = ("--config.file=prometheus.yaml", "--storage.tsdb.path=data")
    listen = f"--web.listen-address={address}"
    environment = {"PATH": os.environ["PATH"]}
    process = await launch(("prometheus", *options, listen), folder, environment)
    try:
        await process.logged("Server is ready")
        yield f"http://{address}"
    finally:
        process.send(9)
        await process.ended()


async def values_of(session: ClientSession, address: str, expression: str) -> dict[str, float]:
    """The values of an expression now, by the values of their labels."""
    expression = re.sub(r"\$__(rate_interval|range)", "1m", expression)
    async with session.get(f"{address}/api/v1/query", params={"query": expression}) as response:
        answer = await response.json()

    assert answer["status"] == "success", f"{expression}: {answer}"
    return {
        " ".join(filter(None, series["metric"].values())): float(series["value"][1])
        for series in answer["data"]["result"]
    }


@pytest.mark.skipif(not shutil.which("prometheus"), reason="Prometheus is not installed")
async def test_prometheus_has_an_answer_for_every_panel(
    sandbox: Sandbox, database: Path, port: int, clock: Clock, tmp_path: Path
) -> None:
    person, group = sandbox.person(), sandbox.group()
    [commands] = [
        target["expr"] for title, target in TARGETS if title == "Commands in the time shown"
    ]
    async with (
        running_bot(sandbox, database, clock, metrics_port=port),
        prometheus(tmp_path, port) as address,
        ClientSession() as session,
        asyncio.timeout(PATIENCE),
    ):
        while not await values_of(session, address, "bot_updates_total"):
            pass  # so that it sees the steps from 0
        for text in ("/help", "/help", "/start", "good morning"):
            await ask(person, text)
        await person.says("hello everybody", chat=group)  # which stays unanswered
        clock.move(days=1)
        for _, target in TARGETS:
            while not await values_of(session, address, target["expr"]):
                pass
        # They are estimated from the part of the time that is known, so that they are not exact.
        used = {"help": 2, "start": 1, "cancel": 0, "other": 0, "remind": 0}
        while {
            k: round(v) for k, v in (await values_of(session, address, commands)).items()
        } != used:
            pass


@pytest.mark.skipif(not shutil.which("promtool"), reason="Prometheus is not installed")
def test_prometheus_accepts_its_configuration() -> None:
    run("promtool", "check", "config", GRAFANA / "prometheus.yaml", cwd=GRAFANA)
