//! What deciding costs, by the number of rules: hits and misses, names and addresses.

#![allow(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pinhole_policy::{
    Authority, Candidate, Entry, HostPattern, List, Matcher, Overrides, Place, Policy,
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
        let place = Place { list: List::Allow, index };
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
                b.iter(|| policy.decide(std::hint::black_box(&target)).is_ok());
            });
        }
        let target = format!("host-{middle}.registry-{}.example:443", middle % 97);
        let grant = policy.decide(&Authority::parse(target.as_bytes()).expect("a target"));
        let grant = grant.expect("it is allowed");
        let found = [Candidate { ip: [9, 9, 9, 9].into(), own: false }];
        group.bench_function(BenchmarkId::new("permit", rules), |b| {
            b.iter(|| policy.permit(std::hint::black_box(&grant), &found));
        });
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

criterion_group!(benches, decide, compile);
criterion_main!(benches);
