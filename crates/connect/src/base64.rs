//! Base64 (RFC 4648 §4), one way: it writes credentials down, and nothing here reads any.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |i: usize| u32::from(group.get(i).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let six = (bits >> (18 - 6 * i)) & 63;
            // Each byte of the group needs one digit more than there are bytes.
            text.push(if i > group.len() { '=' } else { char::from(ALPHABET[six as usize]) });
        }
    }
    text
}

#[cfg(test)]
#[path = "base64_tests.rs"]
mod tests;
