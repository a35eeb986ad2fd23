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
    assert_eq!((open.all, open.by_client.len()), (0, 0));
}
