//! Users with passwords, and the credentials that show them.

use std::fs::{OpenOptions, Permissions, set_permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A user, a password, and its hash.
pub(crate) type User = (&'static str, &'static str, &'static str);

/// By `htpasswd -nbBC 4`.
pub(crate) const ADA: User =
    ("ada", "open sesame", "$2y$04$raQEofT6H0O7pSl.7Hyy/OSAV0S/I4DM6akbaUQ83X1f9NqVrrvpW");
/// By `openssl passwd -6 -salt 'rounds=1000$saltsalt'`.
pub(crate) const BOB: User = (
    "bob",
    "pa:ss wörd",
    "$6$rounds=1000$saltsalt$AxnmOfujKTn8qVPYhwxrtJG.EZ/a5TYSIhottk6pifdfgRb5gIGq4Ku2h/0XUJxA.L2QTnGCnkGrnyNuIV4Kk0",
);
/// By `openssl passwd -5 -salt abc`.
pub(crate) const CAROL: User =
    ("carol@build-1.test", "x", "$5$abc$sCOGUciM.GdmYMCUvmUcgu03oRH87O0clF96.9mwWGB");
/// Ada's name with another password, by `htpasswd -nbBC 4`.
pub(crate) const NEW_ADA: User =
    ("ada", "new sesame", "$2y$04$.virez6a0mqzVnN3giIn0.3//6sx9oDCFIHZC.h934WfUm.SlwT.i");

pub(crate) const ALL: [User; 3] = [ADA, BOB, CAROL];

/// A file of these users that nobody else may read.
pub(crate) fn file(users: &[User]) -> String {
    let line = |(name, _, hash): &User| format!("{name}:{hash}\n");
    format!("# people\n\n{}", users.iter().map(line).collect::<String>())
}

/// Writes a file with a mode.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>, mode: u32) {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).write(true).truncate(true).open(path).expect("a file");
    file.write_all(text.as_ref()).expect("a file");
    set_permissions(path, Permissions::from_mode(mode)).expect("a file");
}

/// A field that shows these credentials.
pub(crate) fn basic(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> String {
    let both = [user.as_ref(), b":", password.as_ref()].concat();
    format!("Proxy-Authorization: Basic {}\r\n", base64(&both))
}

/// The field that shows a user's.
pub(crate) fn shown((user, password, _): User) -> String {
    basic(user, password)
}

/// RFC 4648 §4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let six = bits >> (18 - 6 * i) & 63;
            text.push(if i > three.len() { '=' } else { char::from(ALPHABET[six as usize]) });
        }
    }
    text
}

/// What nobody may be shown of them: passwords, hashes, and both as they stand in the field.
pub(crate) fn secrets() -> Vec<String> {
    let of = |(user, password, hash): User| {
        let digest = hash.rsplit('$').next().expect("a digest").to_owned();
        let pair = format!("{user}:{password}");
        // One letter stands everywhere; with its user it does not.
        let password = if password.len() > 1 { password.to_owned() } else { pair.clone() };
        [password, digest, base64(pair.as_bytes()).trim_end_matches('=').to_owned()]
    };
    ALL.into_iter().chain([NEW_ADA]).flat_map(of).collect()
}

#[test]
fn base64_is_base64() {
    let rows = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
    for (text, encoded) in rows {
        assert_eq!(base64(text.as_bytes()), encoded);
    }
    assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
}
