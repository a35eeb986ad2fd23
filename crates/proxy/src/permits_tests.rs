use std::net::{IpAddr, Ipv4Addr};

use super::{ConnectionLimits, Permits};
use crate::refusal::Refusal;

fn client(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
}

#[test]
fn limits_are_exact_in_all_and_per_client() {
    let permits = Permits::new(ConnectionLimits { connections: 3, per_client: 2 });
    let first = permits.take(client(1)).unwrap();
    let second = permits.take(client(1)).unwrap();
    assert_eq!(permits.take(client(1)).unwrap_err(), Refusal::ClientConnections);
    let third = permits.take(client(2)).unwrap();
    assert_eq!(permits.take(client(3)).unwrap_err(), Refusal::Connections);
    drop(first);
    let again = permits.take(client(1)).unwrap();
    drop((second, third, again));
    let open = permits.lock();
    assert!(open.all == 0 && open.by_client.is_empty());
}

/// A load balancer's connections are nobody's until their headers have come.
#[test]
fn a_connection_counts_for_its_client_from_when_that_is_known() {
    let permits = Permits::new(ConnectionLimits { connections: 4, per_client: 1 });
    let mut unnamed: Vec<_> = (0..4).map(|_| permits.take_unnamed().unwrap()).collect();
    assert_eq!(permits.take_unnamed().unwrap_err(), Refusal::Connections);
    assert_eq!(permits.take(client(9)).unwrap_err(), Refusal::Connections);
    assert_eq!(unnamed[0].name(client(1)), Ok(()));
    assert_eq!(unnamed[1].name(client(1)), Err(Refusal::ClientConnections));
    assert_eq!(unnamed[2].name(client(2)), Ok(()));
    drop(unnamed.remove(0));
    assert_eq!(unnamed[0].name(client(1)), Ok(()), "its place is free again");
    assert_eq!(permits.take(client(1)).unwrap_err(), Refusal::ClientConnections);
    drop(unnamed);
    let open = permits.lock();
    assert!(open.all == 0 && open.by_client.is_empty());
}
