"""Plain manifests of many a style: coloured as they mean it, or refused with a line and a way on."""

from __future__ import annotations

from typing import Any

import pytest

from platforms.kubernetes import names
from platforms.kubernetes.render import Place, render
from tests.platforms.foreign import DEPLOYMENT, DIGEST, SERVICE, component, deployment, manifests, pod

SLOT = names.SLOT_PLACEHOLDER
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {GREETING: hello}\n"
SECRET = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: database}
spec: {target: {name: database-login}, secretStoreRef: {name: vault}, data: []}
"""
SCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}, maxReplicas: 5}
"""


def more(text: str, indent: int = 10) -> str:
    """The Deployment with these lines behind its container's image."""
    pad = " " * indent
    return DEPLOYMENT + "".join(f"{pad}{line}\n" for line in text.splitlines())


def named(objects: list[dict[str, Any]], kind: str) -> list[str]:
    """The names of the objects of that kind."""
    return [item["metadata"]["name"] for item in objects if item["kind"] == kind]


def test_list_is_what_stands_in_it() -> None:
    items = "".join("- " + text.replace("\n", "\n  ").rstrip() + "\n" for text in (SERVICE, DEPLOYMENT))
    objects, problems = manifests(f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert problems == []
    assert {item["kind"] for item in objects} == {"Service", "Deployment"}


def test_plain_words_are_texts_as_they_are_to_kubectl() -> None:
    config = CONFIG.replace("{GREETING: hello}", "{since: 2026-11-03, until: 12:30, same: =, mode: 0o}")
    objects, problems = manifests(SERVICE, DEPLOYMENT, config)
    assert problems == []
    assert objects[-1]["data"] == {"since": "2026-11-03", "until": "12:30", "same": "=", "mode": "0o"}


@pytest.mark.parametrize(
    "text",
    [
        "kind: {{ kind }}\n",
        "kind: !Ref x\n",
        "a: b\n",
        "- kind: Service\n",
        "&a {kind: Service, spec: *a}\n",
        "{kind: ConfigMap, data: {a: !!binary aGVsbG8=}}\n",
        "{kind: Service, port: .nan}\n",
    ],
)
def test_text_that_is_no_object_is_refused_with_its_line(text: str) -> None:
    _, (problem, *_) = manifests(text)
    assert "1.yaml:1" in problem


def test_what_is_no_manifest_in_a_folder_is_left_alone() -> None:
    section = {"files": {"README.md": "# {a: [", "all.yml": SERVICE + "---\n" + DEPLOYMENT}}
    objects, problems = manifests(**section)
    assert (len(objects), problems) == (2, [])


def test_json_as_tools_write_it_is_read() -> None:
    config = '{\n\t"apiVersion": "v1",\n\t"kind": "ConfigMap",\n\t"metadata": {\n\t\t"name": "a"\n\t}\n}\n'
    objects, problems = manifests(files={"a.json": config, "b.yaml": f"{SERVICE}---\n{DEPLOYMENT}"})
    assert (len(objects), problems) == (3, [])


def test_object_copied_out_of_a_cluster_loses_its_identity_there() -> None:
    told = (
        "name: settings, uid: a, resourceVersion: '7', generation: 3, creationTimestamp: 2026-11-03T09:00:00Z"
    )
    objects, problems = manifests(SERVICE, DEPLOYMENT, CONFIG.replace("name: settings", told))
    assert problems == []
    assert set(objects[-1]["metadata"]) == {"name", "labels"}


def test_name_that_a_cron_job_could_not_have_with_its_colour_is_refused() -> None:
    entry = {"kind": "schedule", "artifact": DIGEST, "manifest": {}}
    for letters, told in ((43, []), (44, ["more than 43 letters, too many for a CronJob"])):
        _, problems = render({"a" * letters: entry}, Place("production", "registry.example/hmhp"))
        assert [any(words in text for words in told) for text in problems] == [True] * len(told)


def test_kustomization_is_told_what_to_keep_instead() -> None:
    _, (problem,) = manifests(files={"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": SERVICE})
    assert "kustomization.yaml:1: kustomize is not run here" in problem


def test_sets_and_secrets_lead_to_the_colour_s_own() -> None:
    text = (
        more(
            "envFrom: [{secretRef: {name: database-login}}, {configMapRef: {name: settings}}]\n"
            "env: [{name: A, valueFrom: {secretKeyRef: {name: other, key: a}}}]"
        )
        + "      volumes: [{name: v, projected: {sources: [{secret: {name: database-login}}]}}]\n"
    )
    objects, problems = manifests(SERVICE, text, SECRET, CONFIG)
    assert problems == []
    (secret,) = [item for item in objects if item["kind"] == "ExternalSecret"]
    made = f"records-database-{SLOT}"
    assert (secret["metadata"]["name"], secret["spec"]["target"]["name"]) == (made, made)
    container = pod(objects)["containers"][0]
    assert container["envFrom"][0]["secretRef"]["name"] == made
    assert pod(objects)["volumes"][0]["projected"]["sources"][0]["secret"]["name"] == made
    assert container["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "other"


def test_no_two_objects_get_one_name() -> None:
    objects, problems = manifests(
        SERVICE, DEPLOYMENT, CONFIG, CONFIG.replace("name: settings", "name: records-settings")
    )
    assert problems == []
    assert len(set(named(objects, "ConfigMap"))) == 2


def test_second_object_of_a_name_is_refused() -> None:
    _, (problem,) = manifests(SERVICE, DEPLOYMENT, CONFIG, CONFIG)
    assert "4.yaml:3: there is another ConfigMap settings at 3.yaml:3" in problem


@pytest.mark.parametrize(
    ("first", "second", "own"),
    [
        ("api", "records", "records"),
        ("proxy", "main", "main"),
    ],
)
def test_digest_is_put_into_the_component_s_own_container(first: str, second: str, own: str) -> None:
    sidecar = f"        - name: {second}\n          image: registry.example/hmhp/records:1\n"
    objects, problems = manifests(SERVICE, DEPLOYMENT.replace("- name: api", f"- name: {first}") + sidecar)
    assert problems == []
    images = {c["name"]: c["image"] for c in pod(objects)["containers"]}
    assert images[own] == f"registry.example/hmhp/records@{DIGEST}"
    assert [name for name, image in images.items() if image.endswith(DIGEST)] == [own]
    template = deployment(objects)["spec"]["template"]
    assert template["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == own


def test_two_containers_that_could_be_the_component_s_are_refused() -> None:
    sidecar = "        - {name: proxy, image: proxy.example/proxy:1.2}\n"
    _, (problem,) = manifests(SERVICE, DEPLOYMENT + sidecar)
    assert "2.yaml:9: nothing says which of the containers api, proxy" in problem
    assert "name it records, or give its image as kubernetes.image" in problem
    assert manifests(SERVICE, DEPLOYMENT + sidecar, image="registry.example/team/api")[1] == []


def test_init_container_of_the_same_image_runs_the_same_digest() -> None:
    text = DEPLOYMENT + (
        "      initContainers:\n"
        "        - {name: migrate, image: 'registry.example/team/api:old'}\n"
        "        - {name: wait, image: 'registry.example/wait:3'}\n"
    )
    objects, problems = manifests(SERVICE, text)
    assert problems == []
    assert [c["image"] for c in pod(objects)["initContainers"]] == [
        f"registry.example/team/api@{DIGEST}",
        "registry.example/wait:3",
    ]


@pytest.mark.parametrize("image", ["proxy.example:5000/proxy", "proxy.example/proxy:latest"])
def test_other_container_whose_image_does_not_stay_is_refused(image: str) -> None:
    sidecar = (
        f"        - name: records\n          image: a/b:1\n        - name: proxy\n          image: {image}\n"
    )
    _, (problem,) = manifests(SERVICE, DEPLOYMENT + sidecar)
    assert f"2.yaml:15: {image} is another image tomorrow" in problem


def test_spreading_and_keeping_apart_choose_the_colour_s_own_pods() -> None:
    text = DEPLOYMENT.replace(
        "{app: api}}\n    spec", "{app: api, app.kubernetes.io/name: api}}\n    spec"
    ) + (
        "      topologySpreadConstraints:\n"
        "        - {topologyKey: zone, labelSelector: {matchLabels: {app.kubernetes.io/name: api}}}\n"
        "        - {topologyKey: zone, labelSelector: {matchLabels: {app: other}}}\n"
    )
    objects, _ = manifests(SERVICE, text)
    own, other = pod(objects)["topologySpreadConstraints"]
    labels = deployment(objects)["spec"]["template"]["metadata"]["labels"]
    assert own["labelSelector"]["matchLabels"].items() <= labels.items()
    assert own["labelSelector"]["matchLabels"][names.SLOT] == SLOT
    assert other["labelSelector"]["matchLabels"] == {"app": "other"}


def test_callers_are_told_the_service_s_port_and_let_to_the_pod_s() -> None:
    service = SERVICE.replace(
        "[{port: 8080}]", "[{name: metrics, port: 9}, {name: http, port: 80, targetPort: www}]"
    )
    files = {"s.yaml": service, "d.yaml": more("ports: [{name: www, containerPort: 3000}]")}
    entries = {
        "records": {"kind": "http", "artifact": DIGEST,
                    "manifest": {"kubernetes": {"manifests": "k8s", "files": files}}},
        "web": {"kind": "http", "artifact": DIGEST, "manifest": {}},
    }  # fmt: skip
    objects, problems = render(entries, Place("production", "registry.example/hmhp"))
    assert problems == []
    web = {item["kind"]: item for item in objects["web"]}
    environment = pod(objects["web"])["containers"][0]["env"]
    assert {"name": "RECORDS_URL", "value": f"http://records-{SLOT}:80"} in environment
    assert [
        rule["ports"][0]["port"]
        for rule in web["NetworkPolicy"]["spec"]["egress"]
        if rule.get("to", [{}])[0].get("podSelector", {}).get("matchLabels", {}).get(names.COMPONENT)
        == "records"
    ] == [3000]
    service_of = next(item for item in objects["records"] if item["kind"] == "Service")
    assert service_of["spec"]["ports"][0]["name"] == "http"


def test_sizes_by_the_clock_and_versions_of_secrets_count_here_too() -> None:
    times = [{"from": "mon 07:00", "to": "fri 19:00", "zone": "Europe/Berlin", "replicas": 6}]
    section = {"manifests": "k8s", "files": {"a.yaml": f"{SERVICE}---\n{DEPLOYMENT}"}, "sizes": times}
    objects, problems = component(section, secrets={"DATABASE_URL": "7"})
    assert problems == []
    assert names.TIMES in deployment(objects)["metadata"]["annotations"]
    told = deployment(objects)["spec"]["template"]["metadata"]["annotations"]
    assert told[f"{names.DOMAIN}/secret-versions"] == "DATABASE_URL=7"


def test_key_that_nobody_would_read_is_refused() -> None:
    _, (problem,) = manifests(SERVICE, DEPLOYMENT, resources={"limits": {"memory": "1Gi"}}, replicas=3)
    assert "kubernetes.replicas, resources has no effect beside manifests" in problem


REFUSED = [
    (SERVICE.replace("v1", "serving.knative.dev/v1"), "1.yaml:2: a Service of serving.knative.dev/v1 cannot"),
    (SCALER.replace("/v2", "/v2beta2"), "1.yaml:1: a HorizontalPodAutoscaler is written as autoscaling/v2"),
    (SCALER.replace("name: api}, max", "name: db}, max"), "1.yaml:4: it scales Deployment db, which is not"),
    (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}\n",
        "a ServiceAccount that is",
    ),
    ("kind: ConfigMap\nmetadata: {name: a}\n", "1.yaml:1: this ConfigMap has no apiVersion"),
    (CONFIG.replace("settings", "s, ownerReferences: [{name: o}]"), "1.yaml:3: it goes when its owner goes"),
    (SERVICE.replace("spec:\n", "spec:\n  externalIPs: [10.0.0.1]\n"), "1.yaml:5: a fixed externalIPs"),
    (
        SERVICE.replace(
            "name: api", "name: api, annotations: {external-dns.alpha.kubernetes.io/hostname: a.b}"
        ),
        "1.yaml:3: both colours would have this host name",
    ),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: [a]\n", "1.yaml:3: metadata must be a mapping"),
    ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}\n", "1.yaml:3: metadata.name must be a text"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_object_that_cannot_be_coloured_says_where_and_why(text: str, words: str) -> None:
    _, problems = manifests(text, SERVICE, DEPLOYMENT)
    assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("apps/v1", "extensions/v1beta1", "2.yaml:1: a Deployment is written as apps/v1 here"),
        (
            "containers:\n",
            "containers: 5\n      other:\n",
            "2.yaml:9: spec.template.spec.containers must be a list",
        ),
        ("- name: api\n          image", "- image", "2.yaml:10: this container has no name"),
        ("spec:\n  selector", "xspec:\n  selector", "2.yaml:2: this Deployment has no spec"),
    ],
)
def test_deployment_of_another_shape_is_refused(before: str, after: str, words: str) -> None:
    _, problems = manifests(SERVICE, DEPLOYMENT.replace(before, after))
    assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("volume", "refused"),
    [
        ("hostPath: {path: /var/lib/api}", True),
        ("nfs: {server: s, path: /}", True),
        ("awsElasticBlockStore: {volumeID: v}", True),
        ("ephemeral: {volumeClaimTemplate: {}}", False),
        ("csi: {driver: secrets-store.csi.k8s.io}", False),
    ],
)
def test_volume_that_both_colours_would_write_is_refused(volume: str, refused: bool) -> None:
    text = more("volumeMounts: [{name: v, mountPath: /v}]") + f"      volumes: [{{name: v, {volume}}}]\n"
    assert bool(manifests(SERVICE, text)[1]) is refused


def test_folder_of_the_node_that_is_only_read_is_let_be() -> None:
    text = more("volumeMounts: [{name: v, mountPath: /v, readOnly: true}]") + (
        "      volumes: [{name: v, hostPath: {path: /etc/ssl}}]\n"
    )
    assert manifests(SERVICE, text)[1] == []


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("http://web:8080", True),
        ("http://web", True),
        ("http://web/api", True),
        ("web:8080", True),
        ("amqp://u@web.hmhp-production.svc.cluster.local", True),
        ("https://web.hmhp-production:443/", True),
        ("https://web.hmhp.example", False),
        ("http://my-web:8080", False),
        ("http://web:$(A)@db.hmhp.example", False),
        ("http://web@db.hmhp.example", False),
        ("http://u@web/api", True),
        ("u@web:8080", True),
        ("registry:5000/web:1.2", False),
        ("the web: 8080 sites", False),
        ("web", False),
    ],
)
def test_address_without_colour_is_known_by_its_form(value: str, refused: bool) -> None:
    text = more(f"env:\n  - name: PEER\n    value: {value!r}")
    _, problems = manifests(SERVICE, text)
    assert [("2.yaml:14" in p and "WEB_URL" in p) for p in problems] == ([True] if refused else [])


def test_configuration_of_the_short_form_is_asked_the_same() -> None:
    _, (problem,) = component({"environment": {"PEER": "http://web:8080"}})
    assert "its configuration: “http://web:8080”" in problem
    assert "WEB_URL" in problem


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("DATABASE_URL", "postgres://api:hunter2@db.hmhp.example/api", True),
        ("DATABASE_URL", "postgres://api@db.hmhp.example/api", False),
        ("DATABASE_URL", "postgres://api:$(DB_PASSWORD)@db.hmhp.example/api", False),
        ("SMTP_PASSWORD", "hunter2", True),
        ("apiKey", "a1b2", True),
        ("API_KEY", "a1b2", True),
        ("SMTP_PASSWORD_FILE", "/run/secrets/smtp", False),
        ("TOKEN", "/var/run/token", False),
        ("ALLOW_EMPTY_PASSWORD", "yes", False),
        ("TLS", "-----BEGIN EC PRIVATE KEY-----\\nMHc", True),
        ("TOKEN_TTL", "hunter2", False),
    ],
)
def test_value_that_only_a_secret_should_hold_is_refused_and_never_shown(
    name: str, value: str, refused: bool
) -> None:
    text = more(f'env:\n  - name: {name}\n    value: "{value}"')
    for problems in (
        manifests(SERVICE, text)[1],
        manifests(SERVICE, DEPLOYMENT, CONFIG.replace("{GREETING: hello}", f'{{{name}: "{value}"}}'))[1],
        component({"environment": {name: value}})[1],
    ):
        assert [f"{name} holds what only a Secret should hold" in told for told in problems] == [
            True
        ] * refused
        assert not any("hunter2" in told for told in problems)


def test_password_is_not_shown_by_another_refusal_either() -> None:
    text = more("env: [{name: PEER, value: 'http://api:hunter2@web:8080'}]")
    problems = manifests(SERVICE, text)[1]
    assert len(problems) == 2
    assert "hunter2" not in " ".join(problems)


def test_objects_of_two_components_never_share_a_name() -> None:
    def entry(config: str) -> dict[str, Any]:
        files = {"a.yaml": "---\n".join([DEPLOYMENT, CONFIG.replace("settings", config)])}
        return {
            "kind": "worker",
            "artifact": DIGEST,
            "manifest": {"kubernetes": {"manifests": "m", "files": files}},
        }

    _, (problem,) = render({"a": entry("b-x"), "a-b": entry("x")}, Place("production"))
    assert "its ConfigMap would be named a-b-x-<colour>, as one of a is" in problem
