"""The configuration files of ``examples/cluster``: what can be said of them without a cluster."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

FOLDER = Path(__file__).resolve().parents[1] / "examples/cluster"

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the examples are not beside the tests"),
]


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def leaves(config: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(config, dict):
        for key, value in config.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, config


def test_every_key_of_the_configuration_is_one_that_dask_knows() -> None:
    distributed = pytest.importorskip("distributed")
    schema = yaml.safe_load((Path(distributed.__file__).parent / "distributed-schema.yaml").read_text())
    for path, value in leaves(read("distributed.yaml")):
        node = schema
        for key in path:
            properties = node.get("properties", {})
            if key not in properties and node.get("type") == "object" and not properties:
                # Any names, such as those of environment variables.
                node = {}
                break
            assert key in properties, f"{'.'.join(path)}: Dask has no {key}"
            node = properties[key]
        kinds = {"integer": int, "number": (int, float), "string": str, "boolean": bool}
        allowed = node.get("type", [])
        names = [allowed] if isinstance(allowed, str) else allowed
        if names and all(name in kinds for name in names):
            assert any(isinstance(value, kinds[name]) for name in names), (path, value, names)
    memory = read("distributed.yaml")["distributed"]["worker"]["memory"]
    assert 0 < memory["target"] < memory["spill"] < memory["pause"] < memory["terminate"] < 1


def containers(cluster: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {part: cluster["spec"][part]["spec"]["containers"][0] for part in ("worker", "scheduler")}


def test_the_cluster_of_kubernetes_is_one_of_the_operator() -> None:
    cluster = read("kubernetes.yaml")
    assert (cluster["apiVersion"], cluster["kind"]) == ("kubernetes.dask.org/v1", "DaskCluster")
    assert set(cluster) == {"apiVersion", "kind", "metadata", "spec"}
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", cluster["metadata"]["name"])
    assert set(cluster["spec"]) == {"worker", "scheduler"} and cluster["spec"]["worker"]["replicas"] >= 1
    parts = containers(cluster)
    # The same package on both sides, of a fixed version.
    assert len({part["image"] for part in parts.values()}) == 1
    assert not re.search(r":latest$|^[^:]*$", parts["worker"]["image"])
    for name, part in parts.items():
        assert all(isinstance(argument, str) for argument in part["args"]), "Kubernetes takes strings only"
        assert part["args"][:2] == ["dask", name]
        assert part["resources"]["requests"] == part["resources"]["limits"]
    # The operator gives each worker its name.
    arguments = parts["worker"]["args"]
    assert arguments[arguments.index("--name") + 1] == "$(DASK_WORKER_NAME)"
    mounts = {mount["name"] for mount in parts["worker"]["volumeMounts"]}
    assert mounts == {volume["name"] for volume in cluster["spec"]["worker"]["spec"]["volumes"]}


def test_the_service_of_kubernetes_finds_the_scheduler() -> None:
    cluster = read("kubernetes.yaml")
    scheduler = containers(cluster)["scheduler"]
    service = cluster["spec"]["scheduler"]["service"]
    assert service["selector"] == {
        "dask.org/cluster-name": cluster["metadata"]["name"],
        "dask.org/component": "scheduler",
    }
    named = {port["name"]: port["containerPort"] for port in scheduler["ports"]}
    assert named == {"tcp-comm": 8786, "http-dashboard": 8787}
    assert {port["targetPort"]: port["port"] for port in service["ports"]} == named
    for probe in ("readinessProbe", "livenessProbe"):
        assert scheduler[probe]["httpGet"]["port"] in named


def test_a_worker_stays_within_the_memory_of_its_container() -> None:
    parse_bytes = pytest.importorskip("dask.utils").parse_bytes
    worker = containers(read("kubernetes.yaml"))["worker"]
    limit = parse_bytes(worker["args"][worker["args"].index("--memory-limit") + 1])
    assert limit < parse_bytes(worker["resources"]["limits"]["memory"] + "B")
    assert worker["args"][worker["args"].index("--nthreads") + 1] == worker["resources"]["limits"]["cpu"]


def test_dask_takes_the_arguments_of_the_commands() -> None:
    """The options of `dask ssh`, `dask worker` and `dask scheduler` that are given are ones that these have."""
    pytest.importorskip("distributed")
    from distributed.cli import dask_scheduler, dask_ssh, dask_worker

    script = (FOLDER / "ssh.sh").read_text().replace("\\\n", " ")
    ssh = shlex.split(next(line for line in script.splitlines() if line.startswith("exec dask ssh")))
    given = {"ssh": (dask_ssh, ssh)}
    parts = containers(read("kubernetes.yaml"))
    given |= {
        "worker": (dask_worker, parts["worker"]["args"]),
        "scheduler": (dask_scheduler, parts["scheduler"]["args"]),
    }
    for name, (module, arguments) in given.items():
        known = {
            option for parameter in module.main.params for option in parameter.opts + parameter.secondary_opts
        }
        options = {argument for argument in arguments if argument.startswith("--")}
        assert options <= known, (name, options - known)


def test_the_scripts_are_right_in_form() -> None:
    shell = shutil.which("sh")
    if shell is not None:
        subprocess.run([shell, "-n", FOLDER / "ssh.sh"], check=True)
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    steps = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert steps[0] == "FROM" and "USER" in steps, "it does not run as root"
    assert set(steps) <= {"FROM", "COPY", "RUN", "USER", "WORKDIR"}
    image = next(line.split()[1] for line in lines if line.startswith("FROM"))
    assert ":" in image and not image.endswith(":latest")
    hosts = (FOLDER / "hosts.txt").read_text().split()
    assert len(hosts) == len(set(hosts)) >= 2
