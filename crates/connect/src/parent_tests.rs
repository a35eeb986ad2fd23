use super::*;

#[test]
fn a_configured_url_is_host_and_port_and_nothing_else() {
    for (text, shown) in [
        ("http://proxy.test:3128", "http://proxy.test:3128"),
        ("HTTP://Proxy.TEST.:3128/", "http://proxy.test:3128"),
        ("https://10.0.0.1:443", "https://10.0.0.1:443"),
        ("https://[fd00::1]:3129/", "https://[fd00::1]:3129"),
    ] {
        let url = ParentUrl::parse(text).unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(url.is_tls(), shown.starts_with("https"));
    }
    for (text, error) in [
        ("proxy.test:3128", "write a URL, such as"),
        ("", "write a URL, such as"),
        ("socks5://proxy.test:1080", "`socks5://` is not spoken"),
        ("SOCKS5h://proxy.test:1080", "`socks5h://` is not spoken"),
        ("://proxy.test:1080", "write a URL"),
        ("http://proxy.test", "the port is missing"),
        ("http://proxy.test:0", "the port must be"),
        ("http://proxy.test:+80", "the port must be"),
        ("http://:3128", "the host is empty"),
        ("http://a b:3128", "a character other than"),
        ("http://proxy.test:3128/path", "neither path nor query"),
        ("http://proxy.test:3128?x", "neither path nor query"),
        ("http://proxy.test:3128#x", "neither path nor query"),
        ("http://user:secret@proxy.test:3128", "parent.credentials_file"),
        ("http://user:secret@proxy.test:3128/path", "parent.credentials_file"),
        ("user:secret@http://proxy.test:3128", "write a URL"),
        ("socks5://user:secret@proxy.test:1080", "`socks5://` is not spoken"),
    ] {
        let said = ParentUrl::parse(text).unwrap_err().to_string();
        assert!(said.contains(error), "{text}: {said}");
        assert!(!said.contains("secret"), "{text}: {said}");
    }
}

#[test]
fn a_variable_may_leave_out_scheme_and_port_and_may_have_credentials() {
    for (text, shown, authorization) in [
        ("proxy.test:3128", "http://proxy.test:3128", None),
        ("proxy.test", "http://proxy.test:80", None),
        ("https://proxy.test/", "https://proxy.test:443", None),
        ("http://[fd00::1]", "http://[fd00::1]:80", None),
        ("http://u:p@proxy.test:1", "http://proxy.test:1", Some("Basic dTpw")),
        ("u:p@proxy.test:1", "http://proxy.test:1", Some("Basic dTpw")),
        ("http://u@proxy.test:1", "http://proxy.test:1", Some("Basic dTo=")),
        // `a%:b@` and `:` within the password.
        ("http://a%25:%62%40:@proxy.test:1", "http://proxy.test:1", Some("Basic YSU6YkA6")),
    ] {
        let (url, credentials) = ParentUrl::parse_variable(text).unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(credentials.as_ref().map(Credentials::authorization), authorization, "{text}");
        assert!(!format!("{url:?} {credentials:?}").contains("dTpw"));
    }
    for (text, error) in [
        ("socks5://u:secret@proxy.test:1", "`socks5://` is not spoken"),
        ("http://u:secret%@proxy.test:1", "write %25"),
        ("http://u:secret%4@proxy.test:1", "write %25"),
        ("http://u:secret%0a@proxy.test:1", "control character"),
        ("http://u%3a:secret@proxy.test:1", "may not hold a colon"),
        ("http://u:secret@:1", "the host is empty"),
        ("http://u:secret@proxy.test:1/x", "neither path"),
        ("http://u:secret@proxy.test:secret", "the port must be"),
        ("se-cret://u@proxy.test:1", "`se-cret://` is not spoken"),
        ("u:secret://@proxy.test:1", "write a URL"),
    ] {
        let said = ParentUrl::parse_variable(text).unwrap_err().to_string();
        assert!(said.contains(error), "{text}: {said}");
        assert!(!said.contains("secret"), "{text}: {said}");
    }
}

#[test]
fn a_credentials_file_is_one_line() {
    for (text, authorization) in [
        ("Aladdin:open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("Aladdin:open sesame\n", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("Aladdin:open sesame\r\n", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("u:a:b%41", "Basic dTphOmIlNDE="),
        ("test:123\u{a3}", "Basic dGVzdDoxMjPCow=="),
    ] {
        let credentials = Credentials::parse(text).unwrap();
        assert_eq!(credentials.authorization(), authorization, "{text:?}");
        assert_eq!(format!("{credentials:?}"), "Credentials(***)");
    }
    for (text, error) in [
        ("", CredentialsError::NoColon),
        ("secret\n", CredentialsError::NoColon),
        ("u:secret\n\n", CredentialsError::Lines),
        ("u:secret\nv:secret\n", CredentialsError::Lines),
        ("u:sec\rret", CredentialsError::Control),
        ("u:sec\0ret", CredentialsError::Control),
    ] {
        assert_eq!(Credentials::parse(text), Err(error), "{text:?}");
    }
}
