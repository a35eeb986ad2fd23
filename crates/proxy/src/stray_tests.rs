use super::*;

#[test]
fn the_family_is_of_a_closed_set() {
    let cases = [
        ("curl/8.14.1", "curl"),
        ("Wget/1.21.3", "wget"),
        ("pip/26.0 {\"ci\":true}", "pip"),
        ("python-requests/2.34.0", "requests"),
        ("Python-urllib/3.11", "urllib"),
        ("Python/3.11 aiohttp/3.14", "aiohttp"),
        ("OpenAPI-Generator/37.0.1/python", "kubernetes"),
        ("Go-http-client/1.1", "go"),
        ("npm/11.1.0 node/v24", "npm"),
        ("node", "node"),
        ("Debian APT-HTTP/1.3 (2.6.1)", "apt"),
        ("git/2.39.5", "git"),
        ("grpc-python/1.85", "grpc"),
        ("Java/17.0.1", "java"),
        ("curlish", "other"),
        ("", "other"),
        ("\u{ff43}url/8", "other"),
    ];
    for (agent, expected) in cases {
        assert_eq!(family(agent.as_bytes()), expected, "{agent}");
    }
}

fn strays(value: &str, mode: StrayMode) -> Strays {
    let (exempt, problems) = NoProxy::parse(value);
    assert!(problems.is_empty(), "{problems:?}");
    Strays { exempt, mode }
}

#[test]
fn a_stray_names_the_entry_and_the_product() {
    let strays = strays(".svc,10.96.0.0/12,api.test:8443", StrayMode::Refuse);
    let fields = [Field { name: b"User-Agent", value: b"evil\x7f\"x y/2" }];
    let cases = [
        ("db.shop.svc:5432", Some(".svc")),
        ("10.96.0.1:443", Some("10.96.0.0/12")),
        ("api.test:8443", Some("api.test:8443")),
        ("api.test:443", None),
        ("10.112.0.1:443", None),
        ("xsvc:443", None),
    ];
    for (target, entry) in cases {
        let target = Authority::parse(target.as_bytes()).unwrap();
        let stray = strays.stray(&target, agent(&fields));
        assert_eq!(stray.as_ref().map(|stray| stray.entry.as_str()), entry, "{target}");
        if let Some(stray) = stray {
            assert_eq!(stray.client, "other");
            assert_eq!(stray.agent.as_deref(), Some("evil\\x7f\\\"x"));
            assert_eq!(strays.judge(&stray), Err(Refusal::Stray(stray.entry.clone())));
        }
    }
}

#[test]
fn a_stray_may_be_let_through() {
    let strays = strays("*", StrayMode::Tunnel);
    let target = Authority::parse(b"registry.example:443").unwrap();
    let stray = strays.stray(&target, agent(&[])).unwrap();
    assert_eq!((stray.client, stray.agent.as_ref()), ("unnamed", None));
    assert_eq!(strays.judge(&stray), Ok(()));
}
