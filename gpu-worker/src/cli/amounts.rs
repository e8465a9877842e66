//! Amounts, shares, services, delays and accounts as people write them.

use crate::chain::{AccountId, Service};
use std::str::FromStr;

/// Units of one ASY, and of one credit.
const ONE: u128 = 1_000_000_000_000;

/// Units of 10⁻¹² as a number of whole ones, for display only.
pub fn units(amount: u128) -> f64 {
	amount as f64 / ONE as f64
}

/// Units of 10⁻¹² as an exact decimal number.
pub fn amount(units: u128) -> String {
	let (whole, part) = (units / ONE, units % ONE);
	let part = format!("{part:012}");
	match part.trim_end_matches('0') {
		"" => whole.to_string(),
		part => format!("{whole}.{part}"),
	}
}

/// Reads a decimal number of whole ones, such as `12.5`, into units of 10⁻¹².
pub fn parse_amount(text: &str) -> Result<u128, String> {
	let wrong = || format!("\"{text}\" is no amount: write it like 12.5, in ASY");
	let (whole, part) = text.split_once('.').unwrap_or((text, ""));
	let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
	if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 12 {
		return Err(wrong());
	}
	let whole: u128 = whole.parse().map_err(|_| wrong())?;
	let part: u128 = format!("{part:0<12}").parse().map_err(|_| wrong())?;
	whole.checked_mul(ONE).and_then(|whole| whole.checked_add(part)).ok_or_else(wrong)
}

/// Parts in a million of a percent.
const PERCENT: u32 = 10_000;
/// The whole, in parts in a million.
const WHOLE: u32 = 100 * PERCENT;

/// Parts in a million as an exact percentage.
pub fn share(ppm: u32) -> String {
	let (whole, part) = (ppm / PERCENT, ppm % PERCENT);
	let part = format!("{part:04}");
	match part.trim_end_matches('0') {
		"" => format!("{whole} %"),
		part => format!("{whole}.{part} %"),
	}
}

/// Reads a percentage from 0 to 100 with up to four decimals, such as `12.5%` or `12.5`, into parts
/// in a million.
pub fn parse_share(text: &str) -> Result<u32, String> {
	let wrong = || format!("\"{text}\" is no share: write a percentage from 0 to 100, like 12.5%");
	let number = text.strip_suffix('%').unwrap_or(text).trim_end();
	let (whole, part) = number.split_once('.').unwrap_or((number, ""));
	let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
	if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 4 {
		return Err(wrong());
	}
	let whole: u32 = whole.parse().map_err(|_| wrong())?;
	let part: u32 = format!("{part:0<4}").parse().map_err(|_| wrong())?;
	whole
		.checked_mul(PERCENT)
		.and_then(|whole| whole.checked_add(part))
		.filter(|share| *share <= WHOLE)
		.ok_or_else(wrong)
}

/// Reads the name of a service.
pub fn parse_service(text: &str) -> Result<Service, String> {
	Service::ALL.into_iter().find(|service| service.name() == text).ok_or_else(|| {
		let names: Vec<_> = Service::ALL.iter().map(Service::name).collect();
		format!("\"{text}\" is no service: use one of {}", names.join(", "))
	})
}

/// Shares of the stake by service, in parts in a million; together at most the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocations(pub Vec<(Service, u32)>);

/// Reads shares such as `consensus=40%,flops=60%`.
pub fn parse_allocations(text: &str) -> Result<Allocations, String> {
	let mut allocations: Vec<(Service, u32)> = Vec::new();
	for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
		let (name, percentage) = part
			.split_once('=')
			.ok_or_else(|| format!("\"{part}\" is no allocation: write it like flops=100%"))?;
		let service = parse_service(name.trim())?;
		if allocations.iter().any(|(known, _)| *known == service) {
			return Err(format!("{service} is named twice: name every service once"));
		}
		allocations.push((service, parse_share(percentage.trim())?));
	}
	let sum: u64 = allocations.iter().map(|(_, ppm)| u64::from(*ppm)).sum();
	if sum > u64::from(WHOLE) {
		return Err("the shares are more than 100 % together: what secures one service cannot \
		            secure another"
			.into());
	}
	Ok(Allocations(allocations))
}

/// A number of blocks, with the time that they take at least.
pub fn blocks(number: u32, slot_ms: u64) -> String {
	let seconds = u64::from(number).saturating_mul(slot_ms) / 1_000;
	let (unit, name) = match seconds {
		172_800.. => (86_400, "days"),
		7_200.. => (3_600, "hours"),
		120.. => (60, "minutes"),
		_ => (1, "seconds"),
	};
	let tenths = seconds.saturating_mul(10) / unit;
	match tenths % 10 {
		0 => format!("{number} blocks ({} {name})", tenths / 10),
		tenth => format!("{number} blocks ({}.{tenth} {name})", tenths / 10),
	}
}

/// Reads an SS58 address, or 32 bytes in hex.
pub fn parse_account(text: &str) -> Result<AccountId, String> {
	if let Some(digits) = text.strip_prefix("0x") {
		let mut bytes = [0; 32];
		return hex::decode_to_slice(digits, &mut bytes)
			.map(|()| AccountId::from(bytes))
			.map_err(|cause| format!("\"{text}\" is no public key: {cause}"));
	}
	AccountId::from_str(text).map_err(|_| {
		format!("\"{text}\" is no address: `assay keys show` prints one of the right form")
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amounts_should_survive_reading_and_writing() {
		for (text, units) in [
			("0", 0),
			("1", ONE),
			("12.5", 12_500_000_000_000),
			("0.000000000001", 1),
			("340282366920938463463374607", 340_282_366_920_938_463_463_374_607 * ONE),
		] {
			assert_eq!(parse_amount(text), Ok(units), "{text}");
			assert_eq!(amount(units), text);
		}
		assert_eq!(parse_amount("1.50"), Ok(1_500_000_000_000));
		assert_eq!(parse_amount("1."), Ok(ONE));
		for text in ["", ".5", "-1", "1e3", "1,5", "1.0000000000001", "9".repeat(30).as_str()] {
			assert!(parse_amount(text).is_err(), "{text}");
		}
	}

	#[test]
	fn shares_should_survive_reading_and_writing() {
		for (text, ppm) in [
			("0 %", 0),
			("0.0001 %", 1),
			("1 %", 10_000),
			("12.5 %", 125_000),
			("33.3333 %", 333_333),
			("100 %", 1_000_000),
		] {
			assert_eq!(parse_share(text), Ok(ppm), "{text}");
			assert_eq!(share(ppm), text);
		}
		assert_eq!(parse_share("5"), Ok(50_000));
		assert_eq!(parse_share("5%"), Ok(50_000));
		assert_eq!(parse_share("5.%"), Ok(50_000));
		for text in ["", "%", ".5%", "-1%", "100.0001%", "101", "1e1", "1,5%", "0.00001%", "5%%"] {
			assert!(parse_share(text).is_err(), "{text}");
		}
	}

	#[test]
	fn allocations_should_be_refused_when_they_overlap() {
		assert_eq!(
			parse_allocations("consensus=40%, flops=60"),
			Ok(Allocations(vec![(Service::Consensus, 400_000), (Service::Flops, 600_000)]))
		);
		assert_eq!(parse_allocations(""), Ok(Allocations(vec![])));
		for text in
			["flops", "flops=", "gpu=1%", "flops=50%,flops=10%", "flops=60%,jobs=40.0001%", "=5%"]
		{
			assert!(parse_allocations(text).is_err(), "{text}");
		}
	}

	#[test]
	fn blocks_should_be_told_in_fitting_units() {
		for (number, slot_ms, text) in [
			(0, 1_000, "0 blocks (0 seconds)"),
			(10, 1_000, "10 blocks (10 seconds)"),
			(840, 1_000, "840 blocks (14 minutes)"),
			(14_400, 6_000, "14400 blocks (24 hours)"),
			(100_800, 6_000, "100800 blocks (7 days)"),
			(201_600, 6_000, "201600 blocks (14 days)"),
			(36_000, 6_000, "36000 blocks (2.5 days)"),
		] {
			assert_eq!(blocks(number, slot_ms), text);
		}
	}

	#[test]
	fn accounts_should_be_read_in_both_forms() {
		let alice = crate::keys::account(&crate::keys::development("alice").expect("known"));
		assert_eq!(parse_account(&alice.to_string()), Ok(alice));
		assert_eq!(parse_account(&format!("0x{}", hex::encode(alice.0))), Ok(alice));
		for text in ["", "0x12", "alice", "5Grwva"] {
			assert!(parse_account(text).is_err(), "{text}");
		}
	}
}
