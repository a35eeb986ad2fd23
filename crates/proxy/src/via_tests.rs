use super::*;

fn fields<'h>(values: &[&'h [u8]]) -> Vec<Field<'h>> {
    let via = values.iter().map(|value| Field { name: b"vIA", value });
    via.chain([Field { name: b"X", value: b"pinhole" }]).collect()
}

#[test]
fn a_request_that_was_here_is_known_again() {
    let (via, other) = (Via::default(), Via::default());
    let entry = via.entry(Version::Http11);
    assert!(entry.starts_with("1.1 pinhole-") && entry.len() == "1.1 pinhole-".len() + 16);
    assert!(via.entry(Version::Http10).starts_with("1.0 pinhole-"));
    let upper = entry.to_ascii_uppercase();
    let among = format!("1.0 fred, {entry} (a comment), 1.1 p.example.net:8080");
    for value in [&entry, &upper, &among] {
        let fields = fields(&[b"1.1 first", value.as_bytes()]);
        assert!(via.has_passed(&fields), "{value}");
        assert!(!other.has_passed(&fields), "{value}");
    }
    let foreign = other.entry(Version::Http11);
    for value in ["", "1.1 pinhole", &foreign, &entry[..15]] {
        assert!(!via.has_passed(&fields(&[value.as_bytes()])), "{value}");
    }
    // In another field it says nothing.
    assert!(!via.has_passed(&[Field { name: b"X-Via", value: entry.as_bytes() }]));
}
