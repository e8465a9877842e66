//! Which panel is in which slot of the device's memory.

use assay_flops::Side;

/// A panel of the current seed.
pub(super) type Panel = (Side, u32);

/// Slots for panels; the one that was not used for longest is given away first.
pub(super) struct Cache {
	slots: Vec<Option<(Panel, u64)>>,
	/// Counts batches: panels of the current one are never given away.
	batch: u64,
}

impl Cache {
	/// `capacity` empty slots.
	pub(super) fn new(capacity: usize) -> Self {
		Self { slots: vec![None; capacity], batch: 0 }
	}

	/// Forgets every panel.
	pub(super) fn clear(&mut self) {
		self.slots.fill(None);
	}

	/// Forgets one panel: its slot does not hold what it should.
	pub(super) fn forget(&mut self, panel: Panel) {
		for slot in &mut self.slots {
			if matches!(slot, Some((held, _)) if *held == panel) {
				*slot = None;
			}
		}
	}

	/// Begins a batch; the panels of earlier ones may be given away from here on.
	pub(super) fn begin(&mut self) {
		self.batch += 1;
	}

	/// The slot of `panel`, and whether the panel must be generated there first. `None` when every
	/// slot holds a panel of this batch.
	pub(super) fn slot(&mut self, panel: Panel) -> Option<(u32, bool)> {
		let batch = self.batch;
		let held =
			self.slots.iter().position(|slot| matches!(slot, Some((held, _)) if *held == panel));
		let (index, generate) = match held {
			Some(index) => (index, false),
			None => {
				let used = |slot: &Option<(Panel, u64)>| slot.map_or(0, |(_, batch)| batch);
				let (index, oldest) =
					self.slots.iter().enumerate().min_by_key(|(_, slot)| used(slot))?;
				if used(oldest) == batch {
					return None;
				}
				(index, true)
			}
		};
		self.slots[index] = Some((panel, batch));
		Some((index as u32, generate))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use Side::{Left, Right};

	#[test]
	fn cache_should_reuse_a_panel_when_it_is_held() {
		let mut cache = Cache::new(2);
		cache.begin();
		assert_eq!(cache.slot((Left, 0)), Some((0, true)));
		assert_eq!(cache.slot((Right, 0)), Some((1, true)));
		cache.begin();
		assert_eq!(cache.slot((Right, 0)), Some((1, false)));
		assert_eq!(cache.slot((Left, 0)), Some((0, false)));
	}

	#[test]
	fn cache_should_give_away_the_panel_that_was_not_used_for_longest_when_full() {
		let mut cache = Cache::new(2);
		cache.begin();
		cache.slot((Left, 0));
		cache.begin();
		cache.slot((Right, 0));
		cache.begin();
		assert_eq!(cache.slot((Left, 1)), Some((0, true)));
		assert_eq!(cache.slot((Right, 0)), Some((1, false)));
	}

	#[test]
	fn cache_should_refuse_when_every_slot_is_needed_by_the_batch() {
		let mut cache = Cache::new(2);
		cache.begin();
		cache.slot((Left, 0));
		cache.slot((Right, 0));
		assert_eq!(cache.slot((Left, 1)), None);
		assert_eq!(cache.slot((Right, 0)), Some((1, false)));
	}

	#[test]
	fn cache_should_generate_again_when_it_was_told_to_forget() {
		let mut cache = Cache::new(2);
		cache.begin();
		cache.slot((Left, 0));
		cache.slot((Right, 0));
		cache.forget((Right, 0));
		assert_eq!(cache.slot((Left, 0)), Some((0, false)));
		assert_eq!(cache.slot((Right, 0)), Some((1, true)));
		cache.clear();
		cache.begin();
		assert_eq!(cache.slot((Right, 0)), Some((0, true)));
	}
}
