"""What the files in deploy/ name is there: options, port, paths, the metric, the modules of the page's health check."""

from __future__ import annotations

import configparser
import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hearfelt.cli import main

REPOSITORY = Path(__file__).resolve().parents[1]
DEPLOY = REPOSITORY / "deploy"


@pytest.fixture(scope="module")
def options() -> set[str]:
    """Of ``hearfelt serve``."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["serve", "--help"]) == 0
    return set(re.findall(r"(?<!\S)--[a-z-]+", out.getvalue()))


@pytest.fixture(scope="module")
def routes() -> set[str]:
    pytest.importorskip("fastapi", reason="needs the extra serve")
    from hearfelt.app import health

    return {route.path for route in health.router.routes}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """(word, rest) of the Containerfile, lines joined."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined if line.strip()]


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    text = (DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")
    return {found["kind"]: found for found in yaml.safe_load_all(text)}


def named_options(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("--")}


def rest(instructions: list[tuple[str, str]], word: str) -> Iterator[str]:
    return (text for name, text in instructions if name == word)


def test_the_container_starts_what_there_is(instructions: list[tuple[str, str]], options: set[str]) -> None:
    (entry,) = (yaml.safe_load(text) for text in rest(instructions, "ENTRYPOINT"))
    (default,) = (yaml.safe_load(text) for text in rest(instructions, "CMD"))
    assert entry[:2] == ["hearfelt", "serve"]
    assert named_options([*entry, *default]) <= options
    assert entry[entry.index("--port") + 1] == next(rest(instructions, "EXPOSE"))
    assert entry[entry.index("--host") + 1] == "0.0.0.0"  # noqa: S104 - inside a container


def test_the_container_is_small_and_humble(instructions: list[tuple[str, str]]) -> None:
    bases = list(rest(instructions, "FROM"))
    assert len(bases) == 2 and all(":3.12-slim" in base for base in bases)
    (user,) = rest(instructions, "USER")
    assert user.split(":")[0] not in ("0", "root")
    install = " ".join(rest(instructions, "RUN"))
    assert "--constraint constraints.txt" in install and re.findall(r"'\.\[(.+?)\]'", install) == ["serve"]
    assert "ORT_DISABLE_TELEMETRY=1" in " ".join(rest(instructions, "ENV"))
    copied = [
        name for text in rest(instructions, "COPY") for name in text.split()[:-1] if not name.startswith("--")
    ]
    allowed = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert all(name.startswith("/opt") or f"!{name.removeprefix('./')}" in allowed for name in copied)
    assert all((REPOSITORY / name).exists() for name in copied if not name.startswith("/opt"))


def test_the_health_check_asks_what_is_answered(
    instructions: list[tuple[str, str]], routes: set[str]
) -> None:
    (check,) = rest(instructions, "HEALTHCHECK")
    command = yaml.safe_load(check[check.index("[") :])
    compile(command[2], "health check", "exec")
    port, path = re.findall(r"127\.0\.0\.1:(\d+)(/\w+)", command[2])[0]
    assert path in routes and port == next(rest(instructions, "EXPOSE"))


def test_the_unit_starts_what_there_is(options: set[str]) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "hearfelt.service", encoding="utf-8")
    service = parser["Service"]
    words = shlex.split(service["ExecStart"])
    assert words[1] == "serve" and named_options(words) <= options
    drain = float(words[words.index("--drain") + 1])
    assert float(service["TimeoutStopSec"]) > drain
    assert (service["DynamicUser"], service["ProtectSystem"], service["KillSignal"]) == (
        "yes",
        "strict",
        "SIGTERM",
    )


def test_kubernetes_asks_for_what_there_is(
    manifests: dict[str, Any], options: set[str], routes: set[str]
) -> None:
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert named_options(container["args"]) <= options
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert [probe["path"] for probe in probes] == ["/healthz", "/healthz", "/readyz"]
    assert {probe["path"] for probe in probes} <= routes
    assert {probe["port"] for probe in probes} == {port["name"] for port in container["ports"]}
    annotations = manifests["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] in routes
    assert int(annotations["prometheus.io/port"]) == container["ports"][0]["containerPort"] == 8000
    drain = float(container["args"][container["args"].index("--drain") + 1])
    wait = float(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > drain + wait
    assert container["resources"]["limits"] and container["securityContext"]["readOnlyRootFilesystem"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"]: "/tmp" for volume in pod["volumes"]}  # noqa: S108 - in the pod


def test_kubernetes_parts_find_each_other(manifests: dict[str, Any]) -> None:
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    assert manifests["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels
    assert manifests["Service"]["spec"]["selector"].items() <= labels
    assert manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items() <= labels
    target = manifests["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", manifests["Deployment"]["metadata"]["name"])
    assert "replicas" not in manifests["Deployment"]["spec"]  # it would fight with the autoscaler


def test_the_autoscaler_follows_a_metric_of_the_service(manifests: dict[str, Any]) -> None:
    from hearfelt.app.metrics import Metrics, exposition

    said = exposition([Metrics().to_json()])
    followed = manifests["HorizontalPodAutoscaler"]["spec"]["metrics"]
    metrics = [item["pods"]["metric"]["name"] for item in followed if "pods" in item]
    assert metrics and all(f"# TYPE {name} gauge" in said for name in metrics)
