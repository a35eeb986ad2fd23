use super::*;

fn race<const N: usize>(addrs: [&str; N]) -> Race {
    let waiting = addrs.into_iter().map(|a| a.parse().expect("an address")).collect();
    Race { waiting, ..Race::default() }
}

fn order(race: &mut Race) -> Vec<String> {
    let mut order = Vec::new();
    while race.has_next() {
        order.extend(race.next().map(|addr| addr.to_string()));
    }
    order
}

#[test]
fn families_alternate_and_ipv6_is_first() {
    let addrs = ["1.0.0.1:1", "1.0.0.2:1", "1.0.0.3:1", "[2600::1]:1", "[2600::2]:1"];
    let expected = ["[2600::1]:1", "1.0.0.1:1", "[2600::2]:1", "1.0.0.2:1", "1.0.0.3:1"];
    assert_eq!(order(&mut race(addrs)), expected);
    assert_eq!(order(&mut race(["1.0.0.2:1", "1.0.0.1:1"])), ["1.0.0.2:1", "1.0.0.1:1"]);
}

#[test]
fn a_family_that_comes_late_is_next() {
    let mut race = race(["[2600::1]:1", "[2600::2]:1", "[2600::3]:1"]);
    assert_eq!(race.next().map(|a| a.to_string()).as_deref(), Some("[2600::1]:1"));
    race.waiting.push_back("1.0.0.1:1".parse().expect("an address"));
    assert_eq!(order(&mut race), ["1.0.0.1:1", "[2600::2]:1", "[2600::3]:1"]);
}

#[test]
fn attempts_are_bounded_whatever_the_answer_holds() {
    let mut race = Race::default();
    race.waiting.extend((0..200).map(|n| SocketAddr::from(([1, 0, 0, n], 1))));
    assert_eq!(order(&mut race).len(), MAX_ATTEMPTS);
}
