use super::*;

#[test]
fn the_search_list_is_read_as_the_c_library_reads_it() {
    let pod = "nameserver 10.96.0.10\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 edns0\n";
    for (text, name, names) in [
        ("", "a", &["a"][..]),
        ("", "a.b", &["a.b"]),
        ("search x.test\n", "a", &["a.x.test", "a"]),
        ("search x.test\n", "a.b", &["a.b", "a.b.x.test"]),
        ("domain y.test\n", "a", &["a.y.test", "a"]),
        ("search x.test\ndomain y.test\n", "a", &["a.y.test", "a"]),
        ("search .\n", "a", &["a"]),
        ("search x.test.\noptions ndots:0\n", "a", &["a", "a.x.test"]),
        ("options ndots:x\nsearch x.test\n", "a.b", &["a.b", "a.b.x.test"]),
        (
            pod,
            "proxy.egress.svc",
            &[
                "proxy.egress.svc.ns.svc.cluster.local",
                "proxy.egress.svc.svc.cluster.local",
                "proxy.egress.svc.cluster.local",
                "proxy.egress.svc",
            ],
        ),
    ] {
        assert_eq!(Search::parse(text).names(name), names, "{text:?} {name}");
    }
}

#[test]
fn the_search_list_is_bounded() {
    let long = format!("search{}\n", " x.test".repeat(1000));
    assert_eq!(Search::parse(&long).names("a").len(), MAX_SEARCH + 1);
}

#[tokio::test]
async fn what_there_was_no_time_for_is_not_said_to_be_closed() {
    let machine = Machine::of(&[], std::path::Path::new("/nowhere"));
    let net = Net::new(&machine, Instant::now());
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    assert_eq!(net.try_tcp(nobody).await, Tried::NoTime);
    assert_eq!(net.try_dns(nobody).await, Tried::NoTime);
    assert_eq!(net.closed("no answer".to_owned()), Tried::NoTime);
}

#[tokio::test]
async fn what_refuses_is_closed_and_what_accepts_is_reached() {
    let machine = Machine::of(&[], std::path::Path::new("/nowhere"));
    let net = Net::new(&machine, Instant::now() + Duration::from_secs(60));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    assert_eq!(net.try_tcp(at).await, Tried::Reached);
    let (_, reached) = net.connect(&[at]).await.unwrap();
    assert_eq!(reached, at);
    drop(listener);
    assert_eq!(net.try_tcp(at).await, Tried::Closed("refused".to_owned()));
    assert_eq!(net.connect(&[]).await.unwrap_err(), "there is no address to try");
    assert_eq!(net.own_address(at).await, Some(at.ip()));
}

#[tokio::test]
async fn a_name_server_is_whoever_answers_the_question() {
    let machine = Machine::of(&[], std::path::Path::new("/nowhere"));
    let net = Net::new(&machine, Instant::now() + Duration::from_secs(60));
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = server.local_addr().unwrap();
    let answers = async {
        let mut query = [0; 64];
        let (length, asker) = server.recv_from(&mut query).await.unwrap();
        // One question, for the root's name servers, and nothing else.
        assert_eq!(&query[2..length], [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
        // Neither another's answer nor an echo is one.
        server.send_to(&query[..length], asker).await.unwrap();
        let mut other = query;
        (other[0], other[2]) = (!query[0], 0x81);
        server.send_to(&other[..length], asker).await.unwrap();
        query[2] = 0x81;
        // Refused, which is an answer.
        query[3] = 5;
        server.send_to(&query[..length], asker).await.unwrap();
    };
    let (tried, ()) = tokio::join!(net.try_dns(at), answers);
    assert_eq!(tried, Tried::Reached);
    drop(server);
    assert_eq!(net.try_dns(at).await, Tried::Closed("refused".to_owned()));
}
