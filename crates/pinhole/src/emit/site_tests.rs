use ::emit::{Shape, Sidecar};

use super::parse;

const PLAIN: &str = "\
proxy: {shape: deployment}
cluster:
  api_server: {cluster_ip: 10.96.0.1}
  pod_cidrs: 10.244.0.0/16
  service_cidrs: 10.96.0.0/12
skypilot:
  version: 0.14.1
";

/// What is wrong with the plain site when one of its lines reads otherwise.
fn problems(line: &str, instead: &str) -> Vec<String> {
    assert!(PLAIN.contains(line), "{line}");
    let text = PLAIN.replacen(line, instead, 1);
    let problems = parse(&text).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

const PROXY: &str = "proxy: {shape: deployment}";
const PODS: &str = "pod_cidrs: 10.244.0.0/16";
const API: &str = "{cluster_ip: 10.96.0.1}";
const VERSION: &str = "  version: 0.14.1\n";

#[test]
fn the_plain_site_is_read() {
    let site = parse(PLAIN).unwrap();
    assert_eq!(site.proxy.shape, Shape::Deployment);
    assert_eq!(site.proxy_url(), "http://pinhole.pinhole.svc.cluster.local:3128");
    assert_eq!(site.judge().refusals, []);
}

#[test]
fn each_problem_has_its_place_and_says_what_to_write() {
    let sky = |more: &str| format!("{VERSION}  {more}\n");
    let rows = [
        (PROXY, "proxy: {}".to_owned(), "1:8: proxy: say where it runs"),
        (
            PROXY,
            "proxy: {shape: daemon-set}".to_owned(),
            "unknown shape `daemon-set`; did you mean `daemonset`?",
        ),
        (
            PROXY,
            "proxy: {shape: sidecar, prot: 3128}".to_owned(),
            "proxy.prot: unknown key `prot`; did you mean `port`?",
        ),
        (PROXY, "proxy: {address: 'proxy.test:3128', port: 80}".to_owned(), "host and port in one"),
        (PROXY, "proxy: {address: 'http://user:hunter2@proxy.test'}".to_owned(), "is no host"),
        (PROXY, "proxy: {shape: bastion, host: 'proxy.test:80'}".to_owned(), "belongs into `port`"),
        (PROXY, "proxy: {shape: bastion, address: '10.0.0.300'}".to_owned(), "strict dotted-quad"),
        (PROXY, "proxy: {shape: deployment, port: 70000}".to_owned(), "from 1 to 65535"),
        (PROXY, "proxy: {shape: deployment, replicas: 0}".to_owned(), "from 1 to 100"),
        (
            PROXY,
            "proxy: {shape: deployment, image: 'a b'}".to_owned(),
            "proxy.image: `a b` has something else",
        ),
        (
            PROXY,
            "proxy: {shape: deployment, namespace: Egress}".to_owned(),
            "no name of Kubernetes",
        ),
        (
            PROXY,
            "proxy: {shape: deployment, plain_http: yes}".to_owned(),
            "unknown value `yes`; known are: auto",
        ),
        (
            PROXY,
            "proxy: {shape: deployment, pulls_images: 1}".to_owned(),
            "where true or false belongs",
        ),
        (
            PROXY,
            "proxy: {shape: bastion, address: p.test, credentials: {key: url}}".to_owned(),
            "its `name`",
        ),
        (PROXY, "proxy: {shape: deployment, node_selector: {a: 1}}".to_owned(), "put it in quotes"),
        (PROXY, format!("{PROXY}\nparent: {{}}"), "parent: name at least one"),
        (
            PROXY,
            format!("{PROXY}\nparent: {{urls: 'http://u:hunter2@up.test'}}"),
            "credentials do not belong in a URL",
        ),
        (
            PROXY,
            format!("{PROXY}\nparent: {{urls: 'http://up.test', resolve: remote}}"),
            "unknown value `remote`",
        ),
        (
            PROXY,
            format!("{PROXY}\nmirrors: [{{addresses: 10.0.0.0/8}}]"),
            "mirrors[0]: name its `host`",
        ),
        (PROXY, format!("{PROXY}\nmirrors: ['https://registry.test']"), "is no host"),
        (PROXY, format!("{PROXY}\nca_bundle: {{}}"), "one of `path`, `secret` and `configmap`"),
        (PROXY, format!("{PROXY}\nca_bundle: {{path: etc/ca.pem}}"), "absolute path"),
        (PROXY, format!("{PROXY}\nca_bundle: {{path: /etc/../ca.pem}}"), "absolute path"),
        (
            PROXY,
            format!("{PROXY}\nallow: [{{preset: pyhton}}]"),
            "unknown preset `pyhton`; did you mean `python`?",
        ),
        (PROXY, format!("{PROXY}\nallow: [{{preset: aws}}]"), "`aws` needs a region too"),
        (PROXY, format!("{PROXY}\nallow: [{{preset: npm, region: a}}]"), "`npm` has no region"),
        (PROXY, format!("{PROXY}\nallow: [{{host: '*'}}]"), "allow[0].host"),
        (
            PROXY,
            format!("{PROXY}\nallow: [{{ports: 443}}]"),
            "one of `preset`, `host` and `network`",
        ),
        (PROXY, format!("{PROXY}\nsites: []"), "unknown key `sites`"),
        (
            PODS,
            "pod_cidrs: 10.244.1.0/16".to_owned(),
            "4:14: cluster.pod_cidrs: `10.244.1.0/16` has bits behind its prefix: write `10.244.0.0/16`",
        ),
        (
            PODS,
            "pod_cidrs: [10.0.0.0/8, here]".to_owned(),
            "cluster.pod_cidrs[1]: `here` is not a network",
        ),
        (PODS, format!("{PODS}\n  provider: gcp"), "unknown provider `gcp`; known are: gke"),
        (PODS, format!("{PODS}\n  domain: 'a b'"), "cluster.domain"),
        (
            API,
            "{cluster_ip: kubernetes.default}".to_owned(),
            "is not an address, such as 10.96.0.1",
        ),
        (API, "{cluster_ip: 10.96.0.1, endpoints: 10.0.0.5}".to_owned(), "with its port"),
        (API, "{cluster_ip: 10.96.0.1, hosts: 'https://k8s.test/x'}".to_owned(), "is no host"),
        (
            VERSION,
            "  namespace: a\n".to_owned(),
            "7:3: skypilot: `version` is missing, such as `version: 0.14.1`",
        ),
        (VERSION, "  version: 0.14\n".to_owned(), "write all three numbers"),
        (VERSION, "  version: latest\n".to_owned(), "`latest` is not a release"),
        (VERSION, "  version: 0.11.1\n".to_owned(), "0.11.2 is the oldest"),
        (VERSION, "  version: 0.15.0\n".to_owned(), "0.11.2 to 0.14.x are"),
        (VERSION, sky("clouds: [ec2]"), "skypilot.clouds[0]: unknown cloud `ec2`"),
        (VERSION, sky("clouds: [{cloud: gcp, region: us}]"), "leave the region out"),
        (VERSION, sky("clouds: [{cloud: aws, region: us.east}]"), "cannot stand in a host's name"),
        (VERSION, sky("storage: [s4]"), "unknown kind of storage `s4`; did you mean `s3`?"),
        (VERSION, sky("storage: [{kind: s3, bucket: b}]"), "s3 needs its `region`"),
        (VERSION, sky("storage: [{kind: gcs, bucket: b, region: r}]"), "gcs has no region"),
        (VERSION, sky("logs: aws"), "name the log group's region"),
        (VERSION, sky("logs: {to: gpc}"), "did you mean `gcp`?"),
        (VERSION, sky("serve: pod-ip"), "unknown mode `pod-ip`; did you mean `podip`?"),
        (VERSION, sky("serve: {ingress_host: a.test}"), "`mode: podip`"),
        (
            VERSION,
            sky("serve: {mode: ingress, ingress_host: 'a.test:80'}"),
            "NO_PROXY has no ports",
        ),
        (VERSION, sky("serve: {mode: podip, through_proxy: [0]}"), "through_proxy[0]"),
        (VERSION, sky("network_check: 9.9.9.9"), "SkyPilot asks for 8.8.8.8 and 1.1.1.1"),
        (VERSION, sky("contexts: [{name: a}]"), "say whether its pods use the proxy"),
        (VERSION, sky("contexts: [{proxied: true}]"), "the context's `name`"),
        (VERSION, sky("ssm: {region: us-east-1}"), "`security_group` is missing"),
        (
            VERSION,
            sky("ssm: {region: a, vpc: b, security_group: 'c d'}"),
            "has something else in it",
        ),
        (
            VERSION,
            sky("ssm: {region: a, vpc: b, security_group: {}}"),
            "a map from clusters to groups",
        ),
        (VERSION, sky("highavailability: true"), "did you mean `high_availability`?"),
    ];
    for (line, instead, part) in rows {
        let said = problems(line, &instead);
        assert!(said.iter().any(|one| one.contains(part)), "{instead}: {said:#?}");
        assert!(!said.iter().any(|one| one.contains("hunter2")), "{said:#?}");
    }
}

#[test]
fn a_sidecar_is_one_more_reason_to_update() {
    let text = PLAIN.replace("deployment", "sidecar").replace("0.14.1", "0.10.5");
    let problems = parse(&text).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("second container"), "{problems:?}");
    assert!(problems[0].message.contains("no shape of proxy but"), "{problems:?}");
}

#[test]
fn all_problems_are_found_at_once_in_their_order() {
    let said: Vec<String> = parse("proxy: {shape: x}\ncluster: {dns: y}\nskypilot: {version: z}")
        .unwrap_err()
        .iter()
        .map(|problem| problem.place.clone())
        .collect();
    assert_eq!(said, ["proxy.shape", "cluster.dns", "skypilot.version"]);
    assert_eq!(parse("").unwrap_err().len(), 3);
    assert!(parse("[").unwrap_err()[0].message.starts_with("not YAML"));
}

#[test]
fn an_address_alone_is_a_proxy_that_is_there_already() {
    for (proxy, url) in [
        ("{address: proxy-host:3128}", "http://proxy-host:3128"),
        ("{address: 'http://proxy-host:8080'}", "http://proxy-host:8080"),
        ("{address: proxy-host}", "http://proxy-host:3128"),
        ("{shape: bastion, host: proxy-host, port: 80}", "http://proxy-host:80"),
        ("{address: 10.0.0.9}", "http://10.0.0.9:3128"),
        ("{address: 'fd00::9'}", "http://[fd00::9]:3128"),
        ("{address: '[fd00::9]:81'}", "http://[fd00::9]:81"),
    ] {
        let site = parse(&PLAIN.replace("{shape: deployment}", proxy)).unwrap();
        assert_eq!((site.proxy.shape, site.proxy_url().as_str()), (Shape::Bastion, url));
        assert!(site.proxy.pulls_images);
    }
}

#[test]
fn a_sidecar_is_native_but_where_that_would_break_controllers() {
    let site = |more: &str| {
        parse(&PLAIN.replace("deployment}", "sidecar}").replace(VERSION, more)).unwrap()
    };
    assert!(site(VERSION).native_sidecar());
    let available = site(&format!("{VERSION}  high_availability: true\n"));
    assert_eq!(available.proxy.sidecar, Sidecar::Auto);
    assert!(!available.native_sidecar());
}
