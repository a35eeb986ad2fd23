use super::*;

fn servers(text: &str) -> Result<Vec<SocketAddr>, String> {
    let configs = servers_in(text.as_bytes()).map_err(|e| e.to_string())?;
    Ok(configs.iter().map(|s| SocketAddr::new(s.ip, s.connections[0].port)).collect())
}

#[test]
fn the_systems_servers_are_taken_and_its_search_list_is_not() {
    let text = "search corp.test svc.cluster.test\noptions ndots:5\nnameserver 10.0.0.10\nnameserver fd00::10\n";
    let expected = ["10.0.0.10:53", "[fd00::10]:53"].map(|s| s.parse().expect("an address"));
    assert_eq!(servers(text), Ok(expected.to_vec()));
}

/// No public resolver takes the place of one that is missing.
#[test]
fn no_server_is_an_error_that_says_what_to_do() {
    for text in ["", "# nameserver 10.0.0.10\n", "search corp.test\n", "nameserver none\n"] {
        let error = servers(text).expect_err(text);
        assert!(error.contains("list some in the configuration"), "{error}");
    }
}
