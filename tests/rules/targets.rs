//! A configuration rich in rules, and what must become of many targets under it. `%P` is a port
//! that a target listens on, `%C` one that refuses, `%S` the proxy's own, `%A` its admin pages'.

use serde_json::{Value, json};

use crate::dns::{FakeDns, Reply};
use crate::given::{leads, leads_to};

pub(crate) fn config(dns: &FakeDns, port: u16) -> Value {
    let any = "1-65535";
    let mut config = crate::given::config(
        dns,
        json!([
            {"host": "exact.test", "ports": any},
            {"host": "default.test"},
            {"host": "*.wild.test", "ports": [port, "8000-8100"]},
            {"host": "deep.wild.test", "ports": 9443},
            {"host": "ranged.test", "ports": ["8000-8100", 443]},
            {"preset": "conda"},
            {"preset": "go", "ports": 8443},
            {"network": "127.10.0.0/16", "ports": any},
            {"network": "127.20.0.0/24"},
            {"network": "::1/128", "ports": any},
            {"network": "::ffff:127.10.0.0/112", "ports": any},
            {"network": "169.254.0.0/16"},
            {"network": "100.64.0.0/10"},
            {"network": "168.63.0.0/16"},
            {"network": "fd00::/8"},
            {"network": "0.0.0.0/1", "ports": 7},
            {"network": "2000::/4", "ports": 7},
            {"host": "private.test", "ports": any},
            {"host": "meta.test", "ports": any},
            {"host": "forbidden.test", "ports": any},
            {"host": "own-name.test", "ports": any},
            {"host": "nowhere.test", "ports": any},
            {"host": "mixed.test", "ports": any},
            {"host": "mapped.test", "ports": any},
            {"host": "elsewhere.test", "ports": any},
            {"host": "failing.test", "ports": any},
        ]),
    );
    config["deny"] = json!([
        {"host": "bad.wild.test"},
        {"host": "*.evil.wild.test"},
        {"network": "127.10.66.0/24"},
        {"host": "exact.test", "ports": 25},
        {"preset": "hugging-face"},
        {"network": "9.0.0.0/8"},
        {"network": "fd00:66::/32", "ports": 443},
        {"host": "ranged.test", "ports": "8050-8060"},
    ]);
    config["self"] = json!([
        "proxy.test",
        "front.test:8080",
        "127.10.77.1",
        "[::ffff:127.10.78.1]:99",
        "fd00:77::1",
    ]);
    for name in
        ["exact.test", "default.test", "a.wild.test", "deep.wild.test", "own-name.test"]
    {
        leads_to(dns, name, "127.10.0.1");
    }
    leads_to(dns, "ranged.test", "127.10.0.1");
    leads_to(dns, "private.test", "10.0.0.5");
    leads_to(dns, "meta.test", "169.254.169.254");
    leads_to(dns, "forbidden.test", "127.10.66.1");
    leads_to(dns, "elsewhere.test", "127.20.0.1");
    let both = Reply::addrs(60, ["10.0.0.5", "127.10.0.1"]);
    leads(dns, "mixed.test", both, Reply::addrs(60, ["fc00::5"]));
    leads(dns, "mapped.test", Reply::nodata(60), Reply::addrs(60, ["::ffff:10.0.0.1"]));
    leads(dns, "failing.test", Reply::rcode(2), Reply::rcode(2));
    config
}

/// Reason and rule, by the name alone, and the targets.
pub(crate) const BY_NAME: &[(&str, &[&str])] = &[
    (
        "allowed allow[0]",
        &[
            "exact.test:%P", "EXACT.TEST:%P", "exact.test.:%P", "Exact.Test.:%P", "exact.test:%C",
            "exact.test:26", "exact.test:65535", "exact.test:1",
        ],
    ),
    ("allowed allow[1]", &["default.test:443", "default.test:80", "DEFAULT.test.:443"]),
    (
        "allowed allow[2]",
        &[
            "a.wild.test:%P", "A.WILD.TEST:%P", "b.a.wild.test:%P", "_x.-y.wild.test:8000",
            "a.wild.test:8100", "notevil.wild.test:8050", "bad.wild.test.wild.test:8001",
            "evil.wild.test:%P", "deep.wild.test:%P", "xn--bcher-kva.wild.test:8000",
            "a23456789012345678901234567890123456789012345678901234567890123.wild.test:8000",
        ],
    ),
    ("allowed allow[3]", &["deep.wild.test:9443"]),
    ("allowed allow[4]", &["ranged.test:8000", "ranged.test:443", "ranged.test:8100"]),
    ("allowed allow[20]", &["own-name.test:%P"]),
    ("allowed allow[22]", &["mixed.test:%P"]),
    ("allowed allow[24]", &["elsewhere.test:443"]),
    ("allowed allow[7]", &["127.10.0.1:%P", "127.10.0.1:%C", "127.10.255.255:%C", "127.10.78.1:%C"]),
    ("allowed allow[8]", &["127.20.0.1:443", "127.20.0.255:80"]),
    ("allowed allow[9]", &["[::1]:%C", "[0:0:0:0:0:0:0:1]:%C", "[0::0001]:%C"]),
    ("allowed allow[10]", &["[::ffff:127.10.0.1]:%P", "[::FFFF:7f0a:1]:%P"]),
    ("denied deny[0]", &["bad.wild.test:%P", "BAD.wild.test.:8000", "bad.wild.test:443"]),
    ("denied deny[1]", &["x.evil.wild.test:%P", "a.b.evil.wild.test:1"]),
    ("denied deny[3]", &["exact.test:25"]),
    ("denied deny[7]", &["ranged.test:8050", "ranged.test:8060"]),
    (
        "port_not_allowed allow[1]",
        &["default.test:8443", "default.test:%P", "default.test:22", "default.test:8080"],
    ),
    ("port_not_allowed allow[2]", &["a.wild.test:443", "a.wild.test:7999", "a.wild.test:8101"]),
    ("port_not_allowed allow[3]", &["deep.wild.test:443"]),
    ("port_not_allowed allow[4]", &["ranged.test:80", "ranged.test:444"]),
    ("port_not_allowed allow[8]", &["127.20.0.1:8080", "127.20.0.1:%P"]),
    ("port_not_allowed allow[15]", &["8.8.8.8:443", "1.1.1.1:80", "126.255.255.255:443"]),
    ("port_not_allowed allow[16]", &["[2606:4700::1111]:443", "[2001:200::1]:443"]),
    ("port_not_allowed allow[14]", &["[fd00:99::1]:22"]),
    (
        "not_allowed -",
        &[
            "other.test:443", "wild.test:%P", "xwild.test:%P", "wild.test.evil.test:443",
            "exact.test.evil.test:443", "notexact.test:%P", "a.exact.test:%P", "exact.tes:443",
            "exact.testt:443", "exact-test:443", "test:443", "localhost:%P", "front.test:8081",
            "a.wild.test.example:8000", "exacttest:443", "_:443", "0xx.test:443", "1.2.3.4.test:443",
        ],
    ),
    ("literal_not_allowed -", &["193.0.0.1:443", "128.0.0.1:80", "223.255.255.255:443", "[3000::1]:443"]),
    (
        "address_denied deny[2]",
        &["127.10.66.1:%P", "127.10.66.255:443", "[::ffff:127.10.66.1]:%P"],
    ),
    ("address_denied deny[5]", &["9.9.9.9:443", "9.0.0.0:7"]),
    ("address_denied deny[6]", &["[fd00:66::1]:443"]),
    (
        "address_class -",
        &[
            "0.0.0.0:443", "0.1.2.3:7", "10.0.0.1:443", "10.255.255.255:7", "127.0.0.1:%P",
            "127.11.0.1:%P", "127.9.255.255:%P", "172.16.0.1:443", "172.31.255.255:443",
            "192.0.0.1:443", "192.0.2.1:443", "192.88.99.1:443", "192.168.1.1:443",
            "198.18.0.1:443", "198.19.255.255:443", "198.51.100.1:443", "203.0.113.1:443",
            "224.0.0.1:443", "239.255.255.255:443", "240.0.0.1:443", "255.255.255.255:443",
            "127.0.0.1:%S",
            // Metadata services, most of them inside a network that is open.
            "169.254.169.254:80", "169.254.170.2:80", "169.254.42.42:443", "100.100.100.200:80",
            "100.96.0.96:80", "168.63.129.16:80", "192.0.0.192:80", "[fd00:ec2::254]:80",
            "[fd20:ce::254]:80", "[fe80::a9fe:a9fe]:80",
            "[::]:443", "[::2]:443", "[fe80::1]:443", "[febf::1]:7", "[fc00::1]:443",
            "[fcff:ffff::1]:443", "[fec0::1]:443", "[ff02::1]:443", "[2001:db8::1]:443",
            "[3fff::1]:443", "[3fff:fff::1]:443", "[100::1]:443", "[100:0:0:1::1]:443",
            "[2001:2::1]:443", "[2001:10::1]:443", "[5f00::1]:443", "[4000::1]:443",
            "[1000::1]:443", "[8000::1]:443", "[c000::1]:443", "[e000::1]:443", "[200::1]:443",
            // Those that embed an IPv4 address, open or not.
            "[::ffff:10.0.0.1]:443", "[::ffff:8.8.8.8]:443", "[::ffff:127.20.0.1]:443",
            "[::ffff:169.254.169.254]:80", "[::8.8.8.8]:443", "[::127.10.0.1]:%P",
            "[::ffff:0:8.8.8.8]:443", "[::ffff:0:127.10.0.1]:%P", "[64:ff9b::8.8.8.8]:443",
            "[64:ff9b::127.10.0.1]:%P", "[64:ff9b::9.9.9.9]:443", "[64:ff9b:1::10.0.0.1]:443",
            "[64:ff9b:1:808:8:800::]:443", "[2002:808:808::1]:443", "[2002:7f0a:1::1]:%P",
            "[2002:a9fe:a9fe::1]:80", "[2001:0:808:808::1]:443",
            "[2001::8000:63bf:3fff:fdd2]:443", "[2a00::5efe:10.0.0.1]:443",
            "[2a00::200:5efe:8.8.8.8]:443",
        ],
    ),
    ("own_address allow[7]", &["127.10.0.1:%S", "127.10.99.9:%S", "127.10.0.1:%A"]),
    ("own_address allow[9]", &["[::1]:%S", "[::1]:%A"]),
    ("own_address allow[10]", &["[::ffff:127.10.0.1]:%S", "[::ffff:7f0a:1]:%A"]),
    (
        "own_address -",
        &[
            "proxy.test:443", "PROXY.TEST.:1", "front.test:8080", "127.10.77.1:%P",
            "[::ffff:127.10.77.1]:5", "127.10.78.1:99", "[::ffff:127.10.78.1]:99",
            "[fd00:77::1]:443", "[fd00:0077:0::1]:80",
        ],
    ),
    (
        "malformed -",
        &[
            "", "exact.test", "exact.test:", ":443", ":", "exact.test:0", "exact.test:00",
            "exact.test:0443", "exact.test:+443", "exact.test:-443", "exact.test:65536",
            "exact.test:99999", "exact.test:18446744073709551617", "exact.test:443x",
            "exact.test:0x1bb", "exact.test:4 3", "exact.test:443:443", "exact.test:443,",
            "exact.test::443", "@exact.test:443", "user@exact.test:443", "u:p@exact.test:443",
            "a@b@exact.test:443", "exact.test:443@other.test", "exact.test:443/",
            "exact.test:443/x", "exact.test:443?x", "exact.test:443#x", "exact.test/:443",
            "/exact.test:443", "//exact.test:443", "http:exact.test:443", "exact..test:443",
            ".exact.test:443", "exact.test..:443", ".:443", "..:443", "*.wild.test:8000",
            "*:443", "ex%61ct.test:443", "exact.test%00:443", "exact\\.test:443",
            "exact.test\t:443", " exact.test:443", "exact.test:443 ", "exact.test :443",
            "exact。test:443", "ｅxact.test:443", "exact\u{200b}.test:443", "exäct.test:443",
            "ex\u{1b}[31mact.test:443", "ex\u{85}act.test:443", "exact.test:４４３",
            "exact.test\u{202e}:443", "exact.test\r\nX: y:443", "exact.test\n:443", "\r\n",
            "[exact.test]:443", "[127.10.0.1]:443", "[::1%lo]:443", "[::1%25lo]:443",
            "[fe80::1%2]:443", "[::1]", "[::1]:", "[::1]443", "[::1:443", "::1]:443", "[]:443",
            "[::1]x:443", "[[::1]]:443", "[::1]:+443", "[::1]:0", "[::1]:65536", "[v1.x]:443",
            "::1:443", "::1", "fd00::1:443", "[::ffff:127.1]:443", "[::ffff:127.010.0.1]:443",
            "[1:2:3:4:5:6:7:8:9]:443", "[12345::]:443", "[::1::]:443",
            "127.1:443", "127.0.1:443", "2130706433:443", "0x7f000001:443", "0x7f.0.0.1:443",
            "0177.0.0.1:443", "127.0.0.01:443", "127.10.0.1.:443", "256.0.0.1:443",
            "1.2.3:443", "1.2.3.4.5:443", "exact.1:443", "exact.0x1:443", "0:443", "0x:443",
            "a,b.test:443", "a;b.test:443", "a b.test:443", "\"a\".test:443",
            "a\u{7f}.test:443", "exact+test:443", "exact!:443", "$(x).test:443", "`x`.test:443",
            "<a>.test:443", "{a}.test:443", "a|b.test:443", "a=b.test:443", "a~.test:443",
            "aa345678901234567890123456789012345678901234567890123456789012345.wild.test:8000",
        ],
    ),
];

/// Reason and rule once the name is resolved, and the targets, all of them allowed by name.
pub(crate) const BY_ADDRESS: &[(&str, &[&str])] = &[
    ("address_class allow[17]", &["private.test:%P", "Private.Test.:443"]),
    ("address_class allow[18]", &["meta.test:80"]),
    ("address_denied deny[2]", &["forbidden.test:%P"]),
    ("own_address allow[20]", &["own-name.test:%S", "own-name.test:%A"]),
    ("address_class allow[23]", &["mapped.test:%P"]),
    ("address_class allow[24]", &["elsewhere.test:%P"]),
    ("dns_not_found allow[21]", &["nowhere.test:%P"]),
    ("dns_not_found allow[2]", &["nx.wild.test:8000"]),
    ("dns_failed allow[25]", &["failing.test:%P"]),
];
