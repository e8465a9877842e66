//! Amounts and accounts as people write them.

use crate::chain::AccountId;
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
	fn accounts_should_be_read_in_both_forms() {
		let alice = crate::keys::account(&crate::keys::development("alice").expect("known"));
		assert_eq!(parse_account(&alice.to_string()), Ok(alice));
		assert_eq!(parse_account(&format!("0x{}", hex::encode(alice.0))), Ok(alice));
		for text in ["", "0x12", "alice", "5Grwva"] {
			assert!(parse_account(text).is_err(), "{text}");
		}
	}
}
