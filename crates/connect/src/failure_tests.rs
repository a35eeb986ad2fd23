use std::io::{Error, ErrorKind};

use super::*;

fn v4() -> SocketAddr {
    ([127, 0, 0, 1], 1).into()
}

fn v6() -> SocketAddr {
    ([0, 0, 0, 0, 0, 0, 0, 1], 1).into()
}

#[test]
fn errors_of_connect_keep_their_meaning() {
    for (errno, addr, expected) in [
        (Errno::CONNREFUSED, v4(), Failure::Refused),
        (Errno::CONNRESET, v4(), Failure::Reset),
        (Errno::TIMEDOUT, v4(), Failure::ConnectTimeout),
        (Errno::HOSTUNREACH, v4(), Failure::Unreachable),
        (Errno::NETUNREACH, v6(), Failure::Unreachable),
        (Errno::AFNOSUPPORT, v6(), Failure::Unreachable),
        (Errno::INVAL, v6(), Failure::Unreachable),
        (Errno::ADDRNOTAVAIL, v6(), Failure::Unreachable),
        (Errno::ADDRNOTAVAIL, v4(), Failure::NoDescriptors),
        (Errno::MFILE, v4(), Failure::NoDescriptors),
        (Errno::NFILE, v4(), Failure::NoDescriptors),
        (Errno::NOBUFS, v4(), Failure::NoDescriptors),
        (Errno::ACCESS, v4(), Failure::ConnectFailed(ErrorKind::PermissionDenied)),
    ] {
        let error = Error::from_raw_os_error(errno.raw_os_error());
        assert_eq!(Failure::of_connect(&error, addr), expected, "{errno:?}");
    }
}

#[test]
fn the_more_telling_failure_does_not_depend_on_the_order() {
    for (more, less) in [
        (Failure::NoDescriptors, Failure::Refused),
        (Failure::Refused, Failure::Unreachable),
        (Failure::ConnectTimeout, Failure::Unreachable),
        (Failure::DnsFailed, Failure::DnsTimeout),
        (Failure::DnsTimeout, Failure::NotFound),
    ] {
        assert_eq!(more.clone().more_telling(less.clone()), more);
        assert_eq!(less.more_telling(more.clone()), more);
    }
}
