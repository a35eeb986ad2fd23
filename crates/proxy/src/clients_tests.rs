use super::*;

fn limits(connections: usize, connections_per_address: usize) -> Option<ClientLimits> {
    Some(ClientLimits { connections, connections_per_address })
}

#[test]
fn a_client_has_no_more_than_its_limits_and_gets_all_of_it_back() {
    let holds = Arc::new(Holds::default());
    let (ci, gpu): (Arc<str>, Arc<str>) = ("ci".into(), "gpu".into());
    let [one, two]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
    let first = holds.take(&ci, one, limits(3, 2)).unwrap();
    let second = holds.take(&ci, one, limits(3, 2)).unwrap();
    let refused = Refusal::NamedClientConnections(Arc::clone(&ci));
    assert_eq!(holds.take(&ci, one, limits(3, 2)).unwrap_err(), refused);
    let third = holds.take(&ci, two, limits(3, 2)).unwrap();
    assert_eq!(holds.take(&ci, two, limits(3, 2)).unwrap_err(), refused);
    // Another client has its own, and one without limits has them all.
    let other = holds.take(&gpu, one, limits(1, 1)).unwrap();
    let unlimited = holds.take(&ci, one, None).unwrap();
    drop((first, unlimited));
    let again = holds.take(&ci, two, limits(3, 2)).unwrap();
    drop((second, third, other, again));
    assert!(holds.lock().is_empty());
}
