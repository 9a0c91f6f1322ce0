//! Rules as text: one a line, `accept` or `drop`, then the condition.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use static_call_example_packets::{
    Fragment, Icmp, Length, Lifetime, Net, Ports, Protocol, Rate, Side, Tcp, Version, Vlan,
    protocol,
};

use crate::error::Error;
use crate::filter::{Calls, Verdict};

/// The rules that are there without a file.
pub(crate) const BUILT_IN: &str = include_str!("rules.txt");

/// What happens to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Accept,
    Drop,
}

/// What a rule asks for; objects are made of it, for each filter anew.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Fragment(Fragment),
    Icmp(Icmp),
    Length(Length),
    Lifetime(Lifetime),
    Net(Net),
    Ports(Ports),
    Protocol(Protocol),
    Rate(Rate),
    Tcp(Tcp),
    Version(Version),
    Vlan(Vlan),
}

impl Condition {
    pub(crate) fn object<R: ?Sized + Calls>(&self) -> Box<R> {
        match self.clone() {
            Self::Fragment(rule) => R::boxed(rule),
            Self::Icmp(rule) => R::boxed(rule),
            Self::Length(rule) => R::boxed(rule),
            Self::Lifetime(rule) => R::boxed(rule),
            Self::Net(rule) => R::boxed(rule),
            Self::Ports(rule) => R::boxed(rule),
            Self::Protocol(rule) => R::boxed(rule),
            Self::Rate(rule) => R::boxed(rule),
            Self::Tcp(rule) => R::boxed(rule),
            Self::Version(rule) => R::boxed(rule),
            Self::Vlan(rule) => R::boxed(rule),
        }
    }
}

/// What was read.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) actions: Vec<Action>,
    pub(crate) default: Action,
}

impl Rules {
    /// More would take verdicts of more than 16 bits, and years.
    const MOST: usize = 10_000;

    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else {
            return Ok(Self::read(BUILT_IN).expect("the built-in rules are rules"));
        };
        let text = std::fs::read_to_string(path).map_err(|source| Error::OpenRules {
            path: path.to_owned(),
            source,
        })?;
        Self::read(&text).map_err(|(line, reason)| Error::Rules {
            path: path.to_owned(),
            line,
            reason,
        })
    }

    /// Or the number of the line that is none, and why.
    pub(crate) fn read(text: &str) -> Result<Self, (usize, String)> {
        let mut rules = Self {
            conditions: Vec::new(),
            actions: Vec::new(),
            default: Action::Drop,
        };
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            let read = match words[..] {
                [] => continue,
                ["default", what] => action(what).map(|action| rules.default = action),
                [what, ref condition @ ..] => action(what).and_then(|action| {
                    rules.conditions.push(self::condition(condition)?);
                    rules.actions.push(action);
                    Ok(())
                }),
            };
            read.map_err(|reason| (number, reason))?;
            if rules.conditions.len() > Self::MOST {
                return Err((number, format!("more than {} rules", Self::MOST)));
            }
        }
        if rules.conditions.is_empty() {
            return Err((1, "no rule at all; write `accept protocol tcp`, say".into()));
        }
        Ok(rules)
    }

    pub(crate) fn action(&self, verdict: Verdict) -> Action {
        let decided = self.actions.get(usize::from(verdict.0));
        decided.copied().unwrap_or(self.default)
    }
}

fn action(word: &str) -> Result<Action, String> {
    match word {
        "accept" => Ok(Action::Accept),
        "drop" => Ok(Action::Drop),
        other => Err(format!("`{other}` is neither `accept` nor `drop`")),
    }
}

fn condition(words: &[&str]) -> Result<Condition, String> {
    Ok(match *words {
        ["fragment"] => Condition::Fragment(Fragment),
        ["icmp", number] => Condition::Icmp(Icmp(parse(number)?)),
        ["length", bytes] => {
            let (low, high) = range(bytes)?.into_inner();
            Condition::Length(Length { low, high })
        }
        ["ttl", hops] => {
            let (low, high) = range(hops)?.into_inner();
            Condition::Lifetime(Lifetime { low, high })
        }
        ["net", side, net] => Condition::Net(self::net(self::side(side)?, net)?),
        ["ports", side, ports] => Condition::Ports(self::ports(None, side, ports)?),
        ["ports", protocol, side, ports] => {
            Condition::Ports(self::ports(Some(protocol), side, ports)?)
        }
        ["protocol", protocol] => Condition::Protocol(Protocol(self::protocol(protocol)?)),
        ["rate", most] => Condition::Rate(Rate::new(parse(most)?)),
        ["flags", flags] => Condition::Tcp(self::flags(flags)?),
        ["version", version @ ("4" | "6")] => Condition::Version(Version(parse(version)?)),
        ["vlan", numbers] => {
            let (low, high) = range(numbers)?.into_inner();
            Condition::Vlan(Vlan { low, high })
        }
        [kind, ..] => {
            return Err(match KINDS.iter().find(|(known, _)| *known == kind) {
                Some((_, usage)) => format!("write `{usage}`"),
                None => format!(
                    "there is no kind of rule `{kind}`; write one of {}",
                    kinds()
                ),
            });
        }
        [] => return Err(format!("a condition is missing; write one of {}", kinds())),
    })
}

const KINDS: [(&str, &str); 11] = [
    ("flags", "flags syn,!ack"),
    ("fragment", "fragment"),
    ("icmp", "icmp 8"),
    ("length", "length 0-64"),
    ("net", "net from 10.0.0.0/8"),
    ("ports", "ports tcp to 80-443"),
    ("protocol", "protocol udp"),
    ("rate", "rate 1000"),
    ("ttl", "ttl 0-1"),
    ("version", "version 6"),
    ("vlan", "vlan 100-199"),
];

fn kinds() -> String {
    KINDS.map(|(kind, _)| format!("`{kind}`")).join(", ")
}

fn parse<N: FromStr>(word: &str) -> Result<N, String> {
    word.parse()
        .map_err(|_| format!("`{word}` is no number that can stand here"))
}

fn range<N: FromStr + Copy + PartialOrd>(word: &str) -> Result<RangeInclusive<N>, String> {
    let (low, high) = word.split_once('-').unwrap_or((word, word));
    let (low, high) = (parse(low)?, parse(high)?);
    if low > high {
        return Err(format!("`{word}` ends before it begins"));
    }
    Ok(low..=high)
}

fn side(word: &str) -> Result<Side, String> {
    match word {
        "from" => Ok(Side::From),
        "to" => Ok(Side::To),
        other => Err(format!("`{other}` is neither `from` nor `to`")),
    }
}

fn protocol(word: &str) -> Result<u8, String> {
    Ok(match word {
        "icmp" => protocol::ICMP,
        "tcp" => protocol::TCP,
        "udp" => protocol::UDP,
        "icmp6" => protocol::ICMP6,
        number => number.parse().map_err(|_| {
            format!("`{number}` is no protocol: write `tcp`, `udp`, `icmp`, `icmp6` or a number")
        })?,
    })
}

fn ports(protocol: Option<&str>, side: &str, ports: &str) -> Result<Ports, String> {
    let side = self::side(side)?;
    let (low, high) = range(ports)?.into_inner();
    let protocols = match protocol.map(self::protocol).transpose()? {
        Some(protocol) => [protocol; 2],
        None => [protocol::TCP, protocol::UDP],
    };
    Ok(Ports {
        side,
        protocols,
        low,
        high,
    })
}

fn net(side: Side, word: &str) -> Result<Net, String> {
    let no_net = || format!("`{word}` is no net: write `10.0.0.0/8` or `2001:db8::/32`");
    let (address, bits) = word.split_once('/').ok_or_else(no_net)?;
    let (address, bits): (IpAddr, u8) = match (address.parse(), bits.parse()) {
        (Ok(address), Ok(bits)) => (address, bits),
        _ => return Err(no_net()),
    };
    let (address, bits) = match address {
        IpAddr::V4(short) if bits <= 32 => (short.to_ipv6_mapped(), bits + 96),
        IpAddr::V6(long) if bits <= 128 => (long, bits),
        _ => return Err(no_net()),
    };
    Ok(Net {
        side,
        address: address.into(),
        bits,
    })
}

fn flags(word: &str) -> Result<Tcp, String> {
    let mut flags = Tcp { set: 0, clear: 0 };
    for part in word.split(',') {
        let (name, into) = match part.strip_prefix('!') {
            Some(name) => (name, &mut flags.clear),
            None => (part, &mut flags.set),
        };
        let known = Tcp::NAMES.iter().find(|(known, _)| *known == name);
        let (_, flag) = known.ok_or_else(|| {
            let names = Tcp::NAMES.map(|(name, _)| name).join(", ");
            format!("`{name}` is no flag; there are {names}")
        })?;
        *into |= flag;
    }
    if flags.set & flags.clear != 0 {
        return Err(format!("`{word}` asks for a flag that is set and not set"));
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use static_call_example_packets::{FastRule, Rule};

    use super::{BUILT_IN, Rules};

    #[test]
    fn the_built_in_rules_are_forty_mostly_port_ranges() {
        let rules = Rules::read(BUILT_IN).unwrap();
        assert_eq!(rules.conditions.len(), 40);
        let shown = rules
            .conditions
            .iter()
            .map(|rule| rule.object::<dyn Rule>().to_string());
        assert!(shown.filter(|rule| rule.starts_with("ports ")).count() > 28);
    }

    #[test]
    fn a_rule_is_shown_as_it_is_written() {
        for line in [
            "fragment",
            "icmp 8",
            "length 0-64",
            "ttl 3",
            "net from 10.0.0.0/8",
            "net to 2001:db8::/32",
            "ports to 80-443",
            "ports udp from 53",
            "ports 132 to 7",
            "protocol icmp6",
            "rate 1000",
            "flags syn,!ack",
            "version 6",
            "vlan 100-199",
        ] {
            let rules = Rules::read(&format!("drop {line}")).unwrap();
            assert_eq!(rules.conditions[0].object::<dyn Rule>().to_string(), line);
            assert_eq!(
                rules.conditions[0].object::<dyn FastRule>().to_string(),
                line
            );
        }
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_line() {
        for (text, line, part) in [
            ("", 1, "no rule"),
            ("# nothing", 1, "no rule"),
            ("accept protocol tcp\nallow protocol udp", 2, "`allow`"),
            ("drop", 1, "condition is missing"),
            ("drop port 80", 1, "`port`"),
            ("drop ports tcp 80", 1, "`tcp` is neither"),
            ("drop ports tcp to", 1, "`tcp` is neither"),
            ("drop ports", 1, "write `ports tcp to 80-443`"),
            ("drop ports tcp to 80-", 1, "no number"),
            ("drop ports tcp to 65536", 1, "no number"),
            ("drop ports tcp to 90-80", 1, "before it begins"),
            ("drop ports sctp to 80", 1, "`sctp` is no protocol"),
            ("drop net from 10.0.0.0", 1, "no net"),
            ("drop net from 10.0.0.0/33", 1, "no net"),
            ("drop net at 10.0.0.0/8", 1, "`at`"),
            ("drop flags syn,sin", 1, "`sin`"),
            ("drop flags syn,!syn", 1, "set and not set"),
            ("drop version 5", 1, "write `version 6`"),
            ("drop rate -1", 1, "no number"),
            ("default reject", 1, "`reject`"),
        ] {
            let (at, reason) = Rules::read(text).unwrap_err();
            assert_eq!(at, line, "{text}: {reason}");
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }
}
