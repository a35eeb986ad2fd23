use super::unknown;

#[test]
fn an_unknown_word_names_the_one_that_is_meant() {
    let keys = ["preset", "host", "network", "ports", "idle"];
    for (word, meant) in
        [("prots", "ports"), ("hots", "host"), ("netwrok", "network"), ("Ports", "ports")]
    {
        let message = unknown("key", word, keys.into_iter());
        assert!(message.contains(&format!("did you mean `{meant}`")), "{message}");
    }
    let message = unknown("key", "allow\u{1b}", keys.into_iter());
    assert!(message.contains("known are: preset, host"), "{message}");
    assert!(!message.contains('\u{1b}'), "control characters are escaped");
}
