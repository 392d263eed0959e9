//! Which addresses may be called. Pure: looking names up is `connect.rs`'s.
//!
//! An address is taken as what it leads to: an IPv6 address that carries an IPv4 one counts as
//! that one. How it was spelled does not matter here; only numbers arrive.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which part of the network an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The internet.
    Public,
    /// This machine or a private network: only where that is allowed.
    Private,
    /// Nothing that anybody has any business with.
    Never,
}

/// Addresses inside wider private blocks that hand out a cloud machine's credentials.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254), // most clouds; link-local in any case
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba
    Ipv4Addr::new(168, 63, 129, 16),   // Azure
    Ipv4Addr::new(192, 0, 0, 192),     // Oracle
];
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // AWS
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
];

/// Where an address belongs. Source: the IANA registries of special-purpose addresses.
pub(crate) fn classify_address(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => match carried_ipv4(address) {
            Some(carried) => reach_v4(carried),
            None => reach_v6(address),
        },
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, c, _] = address.octets();
    if METADATA_V4.contains(&address) {
        return Reach::Never;
    }
    match (a, b, c) {
        (127 | 10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Reach::Private,
        // "This network", link-local, protocol assignments, documentation, old 6to4 relays,
        // benchmarks, multicast, reserved.
        (0 | 224..=255, ..)
        | (169, 254, _)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18 | 19, _)
        | (198, 51, 100)
        | (203, 0, 113) => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if METADATA_V6.contains(&address) {
        return Reach::Never;
    }
    let [first, second, ..] = address.segments();
    match (first, second) {
        _ if address == Ipv6Addr::LOCALHOST => Reach::Private,
        (0xfc00..=0xfdff, _) => Reach::Private,
        // Protocol assignments with Teredo, documentation.
        (0x2001, 0..=0x01ff | 0x0db8) | (0x3fff, 0..=0x0fff) => Reach::Never,
        (0x2000..=0x3fff, _) => Reach::Public,
        // Link-local, site-local, multicast, unspecified, and what nobody has been given yet.
        _ => Reach::Never,
    }
}

/// The IPv4 address that an IPv6 address carries: mapped, compatible, translated (NAT64), 6to4.
fn carried_ipv4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [start @ .., high, low] = address.segments();
    let of = |first: u16, second: u16| {
        let [[one, two], [three, four]] = [first.to_be_bytes(), second.to_be_bytes()];
        Some(Ipv4Addr::new(one, two, three, four))
    };
    match start {
        // ::1 and :: are addresses of IPv6's own.
        [0, 0, 0, 0, 0, 0] if high != 0 || low > 1 => of(high, low),
        [0, 0, 0, 0, 0, 0xffff]
        | [0, 0, 0, 0, 0xffff, 0]
        | [0x64, 0xff9b, 0, 0, 0, 0]
        | [0x64, 0xff9b, 1, ..] => of(high, low),
        [0x2002, first, second, ..] => of(first, second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_core::action::read_url;

    fn classify_text(text: &str) -> Reach {
        classify_address(text.parse().unwrap())
    }

    #[test]
    fn the_internet_is_public() {
        for text in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00::1"] {
            assert_eq!(classify_text(text), Reach::Public, "{text}");
        }
    }

    #[test]
    fn private_networks_are_private_however_carried() {
        for text in [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "2002:7f00:1::",
            "2002:a00:1::1",
        ] {
            assert_eq!(classify_text(text), Reach::Private, "{text}");
        }
    }

    #[test]
    fn metadata_link_local_and_what_is_no_host_are_never_called() {
        for text in [
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.9",
            "198.18.0.1",
            "::",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::",
            "::169.254.169.254",
            "::ffff:0.0.0.0",
            "100::1",
            "4000::1",
        ] {
            assert_eq!(classify_text(text), Reach::Never, "{text}");
        }
    }

    /// Every spelling that has got past somebody's guard once is read as the number it is.
    #[test]
    fn odd_spellings_of_this_machine_are_this_machine() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0x7F.1",
            "0177.0.0.1",
            "017700000001",
            "0177.0x0.0.1",
            "127.0.0.1.",
            "127.000.000.001",
            "①②⑦.⓪.⓪.①",
            "１２７.０.０.１",
            "127。0。0。1",
            "127%2e0%2e0%2e1",
            "%31%32%37.0.0.1",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[0000::0001]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:7f00:0001]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
        ] {
            let url = read_url(&format!("http://{host}/")).unwrap();
            let address: IpAddr = match url.host().unwrap() {
                url::Host::Ipv4(address) => address.into(),
                url::Host::Ipv6(address) => address.into(),
                url::Host::Domain(name) => panic!("{host} was taken for the name {name}"),
            };
            assert_eq!(classify_address(address), Reach::Private, "{host}");
        }
        for host in ["0", "0.0.0.0", "[::]", "[::ffff:0:0]", "00", "0x0"] {
            let url = read_url(&format!("http://{host}/")).unwrap();
            let address: IpAddr = match url.host().unwrap() {
                url::Host::Ipv4(address) => address.into(),
                url::Host::Ipv6(address) => address.into(),
                url::Host::Domain(name) => panic!("{host} was taken for the name {name}"),
            };
            assert_eq!(
                classify_address(address),
                Reach::Never,
                "{host}: Linux calls itself by this"
            );
        }
        for text in [
            "http://user@127.0.0.1/",
            "http://a:b@c/",
            "file:///etc/passwd",
            "gopher://x/",
            "http://",
            "127.0.0.1",
            "http://127.0.0.1:99999/",
            "http://[::1",
            "",
        ] {
            assert!(read_url(text).is_err(), "{text}");
        }
    }
}
