//! What the tests of this pallet and of those that build on it share.

use frame_support::__private::log::{
	set_logger, set_max_level, LevelFilter, Log, Metadata, Record,
};

struct Alarm;

impl Log for Alarm {
	fn enabled(&self, metadata: &Metadata<'_>) -> bool {
		metadata.target() == "runtime::defensive"
	}

	fn log(&self, record: &Record<'_>) {
		assert!(!self.enabled(record.metadata()), "{}", record.args());
	}

	fn flush(&self) {}
}

/// Lets a test fail where something happens that cannot: tests run without debug assertions, and
/// `defensive!` only logs then. For a test process: it takes the logger.
pub fn alarm() {
	// The second test of a process finds it in place.
	let _ = set_logger(&Alarm);
	set_max_level(LevelFilter::Error);
}

#[cfg(test)]
mod tests {
	#[test]
	#[should_panic(expected = "this cannot happen")]
	fn test_should_fail_when_something_happens_that_cannot() {
		super::alarm();
		frame_support::defensive!("this cannot happen");
	}
}
