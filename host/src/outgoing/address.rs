//! Which addresses may be connected to. An address of IPv6 that carries one of IPv4 is as reachable
//! as the one that it carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Who may connect to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    Public,
    /// Who was granted `private`: loopback, private, unique local and shared (CGNAT) addresses.
    Private,
    /// Nobody: link-local, metadata of a cloud's machines, multicast, reserved, documentation.
    Never,
}

/// IANA's registry of special-purpose addresses, and the metadata services of clouds.
const SPECIAL_4: [(Ipv4Net, Reach); 20] = [
    (v4([0, 0, 0, 0], 8), Reach::Never),
    (v4([10, 0, 0, 0], 8), Reach::Private),
    // Metadata of Alibaba's machines, in the middle of the shared ones.
    (v4([100, 100, 100, 200], 32), Reach::Never),
    (v4([100, 64, 0, 0], 10), Reach::Private),
    (v4([127, 0, 0, 0], 8), Reach::Private),
    // Azure's, which is a public address.
    (v4([168, 63, 129, 16], 32), Reach::Never),
    // All others'.
    (v4([169, 254, 0, 0], 16), Reach::Never),
    (v4([172, 16, 0, 0], 12), Reach::Private),
    (v4([192, 0, 0, 0], 24), Reach::Never),
    (v4([192, 0, 2, 0], 24), Reach::Never),
    (v4([192, 31, 196, 0], 24), Reach::Never),
    (v4([192, 52, 193, 0], 24), Reach::Never),
    (v4([192, 88, 99, 0], 24), Reach::Never),
    (v4([192, 168, 0, 0], 16), Reach::Private),
    (v4([192, 175, 48, 0], 24), Reach::Never),
    (v4([198, 18, 0, 0], 15), Reach::Never),
    (v4([198, 51, 100, 0], 24), Reach::Never),
    (v4([203, 0, 113, 0], 24), Reach::Never),
    (v4([224, 0, 0, 0], 4), Reach::Never),
    (v4([240, 0, 0, 0], 4), Reach::Never),
];

/// What is not in a row and not in [`GLOBAL`] is reached by nobody.
const SPECIAL_6: [(Ipv6Net, Reach); 8] = [
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), Reach::Private),
    // Metadata of the machines of Amazon, Google and Oracle, in the middle of the unique local ones.
    (v6([0xfd00, 0xec2], 32), Reach::Never),
    (v6([0xfd20, 0xce], 32), Reach::Never),
    (v6([0xfd00, 0xc1], 32), Reach::Never),
    (v6([0xfc00, 0], 7), Reach::Private),
    // Of protocols, but for Teredo, which is looked at before.
    (v6([0x2001, 0], 23), Reach::Never),
    (v6([0x2001, 0xdb8], 32), Reach::Never),
    (v6([0x3fff, 0], 20), Reach::Never),
];
/// All of IPv6 that is given out for addresses of one receiver.
const GLOBAL: Ipv6Net = v6([0x2000, 0], 3);

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// With these words first; the others are 0.
const fn v6([first, second]: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), prefix)
}

impl Reach {
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Whether a request that was granted `private`, or not, may connect there.
    pub(super) fn is_allowed(self, private: bool) -> bool {
        self == Self::Public || (self == Self::Private && private)
    }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    let row = SPECIAL_4.iter().find(|(net, _)| net.contains(&address));
    row.map_or(Reach::Public, |(_, reach)| *reach)
}

/// An address may carry one of IPv4: mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`), translated
/// (`::ffff:0:a.b.c.d`, `64:ff9b::a.b.c.d`), 6to4 (`2002::/16`), Teredo (`2001::/32`: its server's,
/// and its client's with all bits turned round), and, below any prefix, ISATAP
/// (`…:0:5efe:a.b.c.d`).
fn of_v6(address: Ipv6Addr) -> Reach {
    let words = address.segments();
    let carried = |place: usize| {
        let [a, b] = words[place].to_be_bytes();
        let [c, d] = words[place + 1].to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    let reach = match words {
        // Neither :: nor ::1 carries one.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => plain(address),
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..] => of_v4(carried(6)),
        [0x2002, ..] => of_v4(carried(1)),
        [0x2001, 0, ..] => {
            let client = Ipv4Addr::from_bits(!carried(6).to_bits());
            of_v4(carried(2)).max(of_v4(client))
        }
        _ => plain(address),
    };
    match words {
        [.., 0 | 0x200, 0x5efe, _, _] => reach.max(of_v4(carried(6))),
        _ => reach,
    }
}

fn plain(address: Ipv6Addr) -> Reach {
    match SPECIAL_6.iter().find(|(net, _)| net.contains(&address)) {
        Some((_, reach)) => *reach,
        None if GLOBAL.contains(&address) => Reach::Public,
        None => Reach::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::Reach;

    fn reach(text: &str) -> Reach {
        Reach::of(text.parse().unwrap_or_else(|_| panic!("{text}")))
    }

    #[test]
    fn public_addresses_are_reached_by_all() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::8",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert_eq!(reach(text), Reach::Public, "{text}");
        }
    }

    #[test]
    fn private_addresses_are_reached_by_who_was_granted_them_in_every_form() {
        for text in [
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::1",
            // A Teredo client at 10.0.0.1 of a server at 1.1.1.1, and one of a server at 10.0.0.1.
            "2001:0:101:101:0:0:f5ff:fffe",
            "2001:0:a00:1:0:0:fefe:fefe",
            "2a00::5efe:10.0.0.1",
            "2a00::200:5efe:10.0.0.1",
            "2002:a00:1:0:0:5efe:101:101",
            "2002:101:101:0:0:5efe:a00:1",
            "fd00::5efe:1.1.1.1",
        ] {
            assert_eq!(reach(text), Reach::Private, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_service_is_reached_by_nobody() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "100.100.100.200",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "100::1",
            "2001:2::1",
            "2001:20::1",
            "2001:db8::1",
            "2001:db8::5efe:1.1.1.1",
            "2a00::5efe:169.254.169.254",
            "3fff::1",
            "5f00::1",
            "64:ff9b:1::1",
            "4000::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe:0:0:fefe:fefe",
            "2001:0:101:101:0:0:5601:5601",
            "::ffff:0.0.0.0",
            "::ffff:224.0.0.1",
        ] {
            assert_eq!(reach(text), Reach::Never, "{text}");
        }
    }

    #[test]
    fn who_was_granted_private_addresses_reaches_no_others() {
        assert!(Reach::Public.is_allowed(false) && Reach::Public.is_allowed(true));
        assert!(!Reach::Private.is_allowed(false) && Reach::Private.is_allowed(true));
        assert!(!Reach::Never.is_allowed(false) && !Reach::Never.is_allowed(true));
    }
}
