//! Prices, durations, speeds and sizes as people write them.

use super::super::{amount, parse_amount};
use assay_market::{Blocks, Currency};

/// Milliseconds of an hour.
const HOUR_MS: u128 = 3_600_000;
/// Parts of an hour in which durations are read.
const MILLION: u128 = 1_000_000;

/// What people call a currency.
pub(super) fn currency_name(currency: Currency) -> &'static str {
	match currency {
		Currency::Native => "ASY",
		Currency::Credits => "credits",
	}
}

/// Reads a currency.
pub(super) fn parse_currency(text: &str) -> Result<Currency, String> {
	match text.to_ascii_lowercase().as_str() {
		"asy" => Ok(Currency::Native),
		"credits" => Ok(Currency::Credits),
		_ => Err(format!("\"{text}\" is no currency: write asy or credits")),
	}
}

/// An amount with its currency.
pub(in super::super) fn money(units: u128, currency: Currency) -> String {
	format!("{} {}", amount(units), currency_name(currency))
}

/// A price of one GPU, in units of 10⁻¹².
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Price {
	/// For an hour.
	Hour(u128),
	/// For a block, as the chain has it.
	Block(u128),
}

impl Price {
	/// The price of a block, rounded down.
	pub(super) fn per_block(self, slot_ms: u64) -> u128 {
		match self {
			Self::Block(price) => price,
			Self::Hour(price) => price.saturating_mul(slot_ms.into()) / HOUR_MS,
		}
	}
}

/// Reads a price for an hour, such as `0.5`, or for a block, such as `0.0001/block`.
pub(super) fn parse_price(text: &str) -> Result<Price, String> {
	let wrong = |_| format!("\"{text}\" is no price: write 0.5 for an hour, or 0.0001/block");
	match text.strip_suffix("/block") {
		Some(price) => parse_amount(price).map(Price::Block).map_err(wrong),
		None => parse_amount(text).map(Price::Hour).map_err(wrong),
	}
}

/// What a price per block comes to in an hour, in units of 10⁻¹².
pub(in super::super) fn hourly(price: u128, slot_ms: u64) -> u128 {
	price.saturating_mul(HOUR_MS).checked_div(slot_ms.into()).unwrap_or(u128::MAX)
}

/// A duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Length {
	/// In blocks.
	Blocks(Blocks),
	/// In millionths of an hour.
	Hours(u64),
}

impl Length {
	/// The duration in blocks, rounded up.
	pub(super) fn blocks(self, slot_ms: u64) -> Blocks {
		match self {
			Self::Blocks(blocks) => blocks,
			Self::Hours(parts) => {
				let slot = u128::from(slot_ms.max(1)).saturating_mul(MILLION);
				let blocks = u128::from(parts).saturating_mul(HOUR_MS).div_ceil(slot);
				Blocks::try_from(blocks).unwrap_or(Blocks::MAX)
			}
		}
	}
}

/// Reads a number of hours, such as `1.5`.
pub(super) fn parse_hours(text: &str) -> Result<Length, String> {
	let wrong = || format!("\"{text}\" is no number of hours: write it like 1.5");
	decimal(text, 6)
		.and_then(|parts| u64::try_from(parts).ok())
		.map(Length::Hours)
		.ok_or_else(wrong)
}

/// Reads a number of blocks, such as `600`, or of hours, such as `1.5h`.
pub(super) fn parse_length(text: &str) -> Result<Length, String> {
	match text.strip_suffix('h') {
		Some(hours) => parse_hours(hours),
		None => text
			.parse()
			.map(Length::Blocks)
			.map_err(|_| format!("\"{text}\" is no duration: write 600 for blocks, or 1.5h")),
	}
}

/// Reads a speed in FLOP/s, such as `30T` or `1.5P`.
pub(super) fn parse_flops(text: &str) -> Result<u64, String> {
	let wrong = || format!("\"{text}\" is no speed: write it like 30T, in FLOP/s");
	let prefixes = [('G', 1_000_000_000), ('T', 1_000_000_000_000), ('P', 1_000_000_000_000_000)];
	let (number, scale): (&str, u128) = prefixes
		.into_iter()
		.find_map(|(prefix, scale)| Some((text.strip_suffix(prefix)?, scale)))
		.unwrap_or((text, 1));
	let parts = decimal(number, 6).ok_or_else(wrong)?;
	let flops = parts.checked_mul(scale).ok_or_else(wrong)? / MILLION;
	u64::try_from(flops).map_err(|_| wrong())
}

/// A speed with a fitting prefix.
pub(super) fn flops(speed: u64) -> String {
	let (scale, prefix) = match speed {
		1_000_000_000_000_000.. => (1e15, "P"),
		1_000_000_000_000.. => (1e12, "T"),
		_ => (1e9, "G"),
	};
	format!("{:.1} {prefix}FLOP/s", speed as f64 / scale)
}

/// Reads a size in MiB: `24G` for GiB, `512M` or `512` for MiB.
pub(crate) fn parse_memory(text: &str) -> Result<u32, String> {
	let wrong = || format!("\"{text}\" is no size: write 24G for GiB, or 512M for MiB");
	let (number, scale) = match text.strip_suffix('G') {
		Some(number) => (number, 1_024),
		None => (text.strip_suffix('M').unwrap_or(text), 1),
	};
	number.parse::<u32>().ok().and_then(|size| size.checked_mul(scale)).ok_or_else(wrong)
}

/// A number of GPUs.
pub(super) fn gpus(count: u32) -> String {
	match count {
		1 => "1 GPU".into(),
		count => format!("{count} GPUs"),
	}
}

/// A size in fitting units.
pub(super) fn memory(mib: u32) -> String {
	match mib % 1_024 {
		0 => format!("{} GiB", mib / 1_024),
		_ => format!("{mib} MiB"),
	}
}

/// Reads where devices are: at most 32 bytes.
pub(super) fn parse_region(text: &str) -> Result<String, String> {
	match text.len() {
		0..=32 => Ok(text.into()),
		length => Err(format!("a region has at most 32 bytes, and this has {length}")),
	}
}

/// A decimal number with so many digits after the point at most, as a whole number of such parts.
fn decimal(text: &str, digits: usize) -> Option<u128> {
	let (whole, part) = text.split_once('.').unwrap_or((text, ""));
	let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
	if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > digits {
		return None;
	}
	format!("{whole}{part:0<digits$}").parse().ok()
}

/// Rows in columns, the first one the heading.
pub(in super::super) fn table(rows: &[Vec<String>]) -> String {
	let width = |column: usize| {
		let cells = rows.iter().filter_map(|row| row.get(column));
		cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
	};
	let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
	let widths: Vec<usize> = (0..columns).map(width).collect();
	let lines: Vec<String> = rows
		.iter()
		.map(|row| {
			let cells = row.iter().zip(&widths);
			let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
			cells.join("  ").trim_end().to_string()
		})
		.collect();
	lines.join("\n")
}

#[cfg(test)]
mod tests {
	use super::*;

	const ONE: u128 = 1_000_000_000_000;

	#[test]
	fn prices_should_be_read_for_hours_and_blocks() {
		assert_eq!(parse_price("0.36"), Ok(Price::Hour(ONE * 36 / 100)));
		assert_eq!(parse_price("0.0001/block"), Ok(Price::Block(ONE / 10_000)));
		for (price, slot_ms) in
			[(Price::Hour(ONE * 36 / 100), 1_000), (Price::Hour(ONE * 6 / 100), 6_000)]
		{
			assert_eq!(price.per_block(slot_ms), ONE / 10_000);
			assert_eq!(Price::Hour(hourly(price.per_block(slot_ms), slot_ms)), price);
		}
		assert_eq!(Price::Hour(3_599).per_block(1_000), 0, "rounded down");
		for text in ["", "/block", "1/hour", "-1", "1e3"] {
			assert!(parse_price(text).is_err(), "{text}");
		}
	}

	#[test]
	fn durations_should_be_rounded_up_to_blocks() {
		assert_eq!(parse_length("600"), Ok(Length::Blocks(600)));
		assert_eq!(parse_length("1.5h"), Ok(Length::Hours(1_500_000)));
		assert_eq!(Length::Hours(1_500_000).blocks(6_000), 900);
		assert_eq!(Length::Hours(1_500_000).blocks(1_000), 5_400);
		assert_eq!(Length::Hours(1).blocks(6_000), 1);
		assert_eq!(Length::Hours(u64::MAX).blocks(1), u32::MAX);
		for text in ["", "h", "-1", "1.5", "1,5h", "0.0000001h"] {
			assert!(parse_length(text).is_err(), "{text}");
		}
	}

	#[test]
	fn speeds_should_be_read_and_written_with_prefixes() {
		assert_eq!(parse_flops("30T"), Ok(30_000_000_000_000));
		assert_eq!(parse_flops("1.5P"), Ok(1_500_000_000_000_000));
		assert_eq!(parse_flops("800000000"), Ok(800_000_000));
		for text in ["", "T", "30TT", "30K", "30 T", "1e12", "99999P", "µ"] {
			assert!(parse_flops(text).is_err(), "{text}");
		}
		assert_eq!(flops(51_234_000_000_000), "51.2 TFLOP/s");
		assert_eq!(flops(89_000_000_000), "89.0 GFLOP/s");
		assert_eq!(flops(1_300_000_000_000_000), "1.3 PFLOP/s");
	}

	#[test]
	fn sizes_should_be_read_in_mebibytes() {
		assert_eq!(parse_memory("24G"), Ok(24_576));
		assert_eq!(parse_memory("512M"), Ok(512));
		assert_eq!(parse_memory("512"), Ok(512));
		for text in ["", "G", "1.5G", "9999999G", "-1"] {
			assert!(parse_memory(text).is_err(), "{text}");
		}
		assert_eq!((memory(24_576), memory(1_500)), ("24 GiB".into(), "1500 MiB".into()));
	}

	#[test]
	fn regions_should_fit_into_32_bytes() {
		assert_eq!(parse_region("eu-de"), Ok("eu-de".into()));
		assert!(parse_region(&"é".repeat(16)).is_ok());
		assert!(parse_region(&"é".repeat(17)).is_err());
	}

	#[test]
	fn table_should_align_its_columns() {
		let row = |cells: &[&str]| cells.iter().map(|cell| cell.to_string()).collect();
		let rows: Vec<Vec<String>> = vec![row(&["a", "long"]), row(&["größe", "x"]), row(&["b"])];
		assert_eq!(table(&rows), "a      long\ngröße  x\nb");
		assert_eq!(table(&[]), "");
	}
}
