//! What deciding costs, by the number of rules: hits and misses, names and addresses.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pinhole_policy::{
    Authority, Candidate, Client, Entry, HostPattern, List, Matcher, Overrides, Place, Policy, Who,
};

/// As many rules: of ten, seven names, two suffixes and a network.
fn policy(rules: usize) -> Policy {
    let entry = |index: usize| {
        let pattern = |text: String| Matcher::Host(HostPattern::parse(&text).expect("a pattern"));
        let matcher = match index % 10 {
            0..7 => pattern(format!("host-{index}.registry-{}.example", index % 97)),
            7 | 8 => pattern(format!("*.zone-{index}.example")),
            _ => {
                let [_, a, b, c] = (index as u32).to_be_bytes();
                let net = format!("1.{a}.{b}.{c}/32").replace("1.0.", "5.1.");
                Matcher::Network(net.parse().expect("a network"))
            }
        };
        let place = Place { client: None, list: List::Allow, index };
        Entry { place, matcher, ports: None, overrides: Overrides::default() }
    };
    Policy::new((0..rules).map(entry).collect(), Vec::new())
}

fn decide(c: &mut Criterion) {
    let mut group = c.benchmark_group("decide");
    for rules in [100, 1_000, 10_000, 100_000] {
        let policy = policy(rules);
        let middle = rules / 2 / 10 * 10;
        let targets = [
            ("name hit", format!("host-{middle}.registry-{}.example:443", middle % 97)),
            ("suffix hit", format!("a.b.zone-{}.example:443", middle + 7)),
            ("miss", "files.some-host.not-allowed.example:443".to_owned()),
            ("other port", format!("host-{middle}.registry-{}.example:22", middle % 97)),
            ("literal miss", "9.9.9.9:443".to_owned()),
        ];
        for (what, target) in targets {
            let target = Authority::parse(target.as_bytes()).expect("a target");
            group.bench_function(BenchmarkId::new(what, rules), |b| {
                b.iter(|| policy.decide(Who::OTHER, std::hint::black_box(&target)).is_ok());
            });
        }
        let target = format!("host-{middle}.registry-{}.example:443", middle % 97);
        let grant =
            policy.decide(Who::OTHER, &Authority::parse(target.as_bytes()).expect("a target"));
        let grant = grant.expect("it is allowed");
        let found = [Candidate { ip: [9, 9, 9, 9].into(), own: false }];
        group.bench_function(BenchmarkId::new("permit", rules), |b| {
            b.iter(|| policy.permit(std::hint::black_box(&grant), &found));
        });
    }
    group.finish();
}

/// Who asks, by the number of clients, half of which are known by their users as well.
fn who(c: &mut Criterion) {
    let mut group = c.benchmark_group("who");
    for clients in [10u16, 1_000] {
        let client = |i: u16| Client {
            name: format!("client-{i}").into(),
            from: vec![format!("10.{}.{}.0/24", i / 256, i % 256).parse().expect("a network")],
            users: if i.is_multiple_of(2) { vec![format!("user-{i}").into()] } else { Vec::new() },
            entries: Vec::new(),
            mode: None,
        };
        let policy = Policy::new(Vec::new(), Vec::new());
        let policy = policy.with_clients((0..clients).map(client).collect());
        for (what, ip, user) in
            [("by network", [10, 0, 7, 1], None), ("by user", [10, 0, 8, 1], Some("user-8"))]
        {
            group.bench_function(BenchmarkId::new(what, clients), |b| {
                b.iter(|| policy.who(std::hint::black_box(ip.into()), user));
            });
        }
    }
    group.finish();
}

fn compile(c: &mut Criterion) {
    let mut group = c.benchmark_group("compile");
    group.sample_size(10);
    for rules in [100, 10_000, 100_000] {
        group.bench_function(BenchmarkId::from_parameter(rules), |b| b.iter(|| policy(rules)));
    }
    group.finish();
}

criterion_group!(benches, decide, who, compile);
criterion_main!(benches);
