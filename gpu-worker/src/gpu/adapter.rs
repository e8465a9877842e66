//! The adapters of this machine, and choosing one by what it is rather than by its place.

use super::GpuError;
use std::{fmt, str::FromStr};
use wgpu::{Backend, Backends, DeviceType};

/// Programming interfaces that are asked for adapters.
const BACKENDS: Backends = Backends::VULKAN.union(Backends::METAL).union(Backends::DX12);

/// What an adapter is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
	/// A GPU with its own memory.
	Discrete,
	/// A GPU that shares the processor's memory.
	Integrated,
	/// A GPU inside of a virtual machine.
	Virtual,
	/// A driver that runs on the processor.
	Cpu,
	/// The driver does not say.
	Unknown,
}

impl fmt::Display for Kind {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(match self {
			Self::Discrete => "discrete",
			Self::Integrated => "integrated",
			Self::Virtual => "virtual",
			Self::Cpu => "cpu",
			Self::Unknown => "unknown",
		})
	}
}

/// What the driver says about an adapter.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AdapterInfo {
	/// Place in [`list`], which may change with hardware and drivers.
	pub index: usize,
	/// Marketing name.
	pub name: String,
	/// PCI vendor; above 0xffff the vendor has none.
	pub vendor: u32,
	/// PCI device.
	pub device: u32,
	/// PCI bus, as in `0000:3b:00.0`, where the driver tells it.
	pub bus: Option<String>,
	/// Programming interface: `vulkan`, `metal` or `dx12`.
	pub backend: String,
	/// What it is made of.
	pub kind: Kind,
	/// Driver and its version.
	pub driver: String,
}

impl AdapterInfo {
	/// PCI id, as in `10de:2335`. Two equal cards share it; their buses differ.
	pub fn pci_id(&self) -> String {
		format!("{:04x}:{:04x}", self.vendor, self.device)
	}

	/// Whether it runs on the processor.
	pub fn is_cpu(&self) -> bool {
		self.kind == Kind::Cpu
	}
}

impl fmt::Display for AdapterInfo {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "#{} {} ({}", self.index, self.name, self.pci_id())?;
		if let Some(bus) = &self.bus {
			write!(f, " at {bus}")?;
		}
		write!(f, ", {}, {}, {})", self.kind, self.backend, self.driver)
	}
}

/// Which adapter a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
	/// The only GPU of this machine; where there is none and processors are allowed, the driver
	/// that runs on them.
	Only,
	/// The one with this PCI vendor and device.
	Pci(u32, u32),
	/// The one on this PCI bus.
	Bus(String),
	/// The one at this place of [`list`].
	Index(usize),
}

impl FromStr for Selection {
	type Err = GpuError;

	/// Reads `only`, a PCI id (`10de:2335`), a bus (`0000:3b:00.0` or `3b:00.0`) or an index (`0`).
	fn from_str(text: &str) -> Result<Self, GpuError> {
		let wrong = || GpuError::Selection(text.into());
		let hex = |digits: &str, most: usize| {
			let plain = (1..=most).contains(&digits.len())
				&& digits.bytes().all(|digit| digit.is_ascii_hexdigit());
			plain.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
		};
		if text == "only" {
			return Ok(Self::Only);
		}
		if text.bytes().all(|byte| byte.is_ascii_digit()) {
			return text.parse().map(Self::Index).map_err(|_| wrong());
		}
		if let Some((place, function)) = text.split_once('.') {
			let parts: Vec<_> = place.split(':').collect();
			let (domain, bus, slot) = match parts[..] {
				[bus, slot] => ("0", bus, slot),
				[domain, bus, slot] => (domain, bus, slot),
				_ => return Err(wrong()),
			};
			let part = |digits, most| hex(digits, most).ok_or_else(wrong);
			return Ok(Self::Bus(format!(
				"{:04x}:{:02x}:{:02x}.{:x}",
				part(domain, 8)?,
				part(bus, 2)?,
				part(slot, 2)?,
				part(function, 1)?
			)));
		}
		match text.split_once(':') {
			Some((vendor, device)) => {
				hex(vendor, 8).zip(hex(device, 8)).map(|(v, d)| Self::Pci(v, d)).ok_or_else(wrong)
			}
			None => Err(wrong()),
		}
	}
}

impl fmt::Display for Selection {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Only => f.write_str("only"),
			Self::Pci(vendor, device) => write!(f, "{vendor:04x}:{device:04x}"),
			Self::Bus(bus) => f.write_str(bus),
			Self::Index(index) => write!(f, "{index}"),
		}
	}
}

/// The adapters of this machine: GPUs first, by bus, then what runs on the processor.
pub fn list() -> Vec<AdapterInfo> {
	adapters().into_iter().map(|(info, _)| info).collect()
}

/// What the driver says about the adapter that `selection` names.
pub fn find(selection: &Selection, allow_cpu: bool) -> Result<AdapterInfo, GpuError> {
	Ok(choose(selection, allow_cpu)?.0)
}

/// Opens no device; finds the adapter that `selection` names.
pub(super) fn choose(
	selection: &Selection,
	allow_cpu: bool,
) -> Result<(AdapterInfo, wgpu::Adapter), GpuError> {
	let mut adapters = adapters();
	let infos: Vec<_> = adapters.iter().map(|(info, _)| info.clone()).collect();
	let index = select(selection, allow_cpu, &infos)?;
	Ok(adapters.swap_remove(index))
}

/// Index of the adapter among `adapters` that `selection` names.
fn select(
	selection: &Selection,
	allow_cpu: bool,
	adapters: &[AdapterInfo],
) -> Result<usize, GpuError> {
	let names = |adapters: &[&AdapterInfo]| {
		adapters.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
	};
	let all: Vec<_> = adapters.iter().collect();
	let matching: Vec<_> = match selection {
		Selection::Only => {
			let gpus: Vec<_> = all.iter().copied().filter(|info| !info.is_cpu()).collect();
			if gpus.is_empty() {
				all.clone()
			} else {
				gpus
			}
		}
		Selection::Pci(vendor, device) => all
			.iter()
			.copied()
			.filter(|info| (info.vendor, info.device) == (*vendor, *device))
			.collect(),
		Selection::Bus(bus) => {
			all.iter().copied().filter(|info| info.bus.as_ref() == Some(bus)).collect()
		}
		Selection::Index(index) => all.get(*index).copied().into_iter().collect(),
	};
	let Some(first) = matching.first() else {
		return Err(if adapters.is_empty() {
			GpuError::NoAdapter
		} else {
			GpuError::NotFound { selection: selection.to_string(), present: names(&all) }
		});
	};
	// One card that two programming interfaces offer is one card; `adapters` puts the better first.
	let same = |info: &&&AdapterInfo| {
		info.backend == first.backend || info.bus != first.bus || info.name != first.name
	};
	if matching.iter().skip(1).any(|info| same(&info)) {
		let (selection, matching) = (selection.to_string(), names(&matching));
		return Err(GpuError::Ambiguous { selection, matching });
	}
	if first.is_cpu() && !allow_cpu {
		return Err(GpuError::CpuNotAllowed(first.name.clone()));
	}
	Ok(first.index)
}

/// Every adapter in the order of [`list`].
fn adapters() -> Vec<(AdapterInfo, wgpu::Adapter)> {
	let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
	descriptor.backends = BACKENDS;
	let instance = wgpu::Instance::new(descriptor);
	let mut adapters: Vec<_> = pollster::block_on(instance.enumerate_adapters(BACKENDS))
		.into_iter()
		.map(|adapter| (adapter.get_info(), adapter))
		.collect();
	adapters.sort_by_cached_key(|(info, _)| {
		let rank = match info.backend {
			Backend::Vulkan => 0,
			Backend::Metal => 1,
			_ => 2,
		};
		let cpu = info.device_type == DeviceType::Cpu;
		(cpu, info.device_pci_bus_id.clone(), info.vendor, info.device, rank)
	});
	adapters
		.into_iter()
		.enumerate()
		.map(|(index, (info, adapter))| (describe(index, info), adapter))
		.collect()
}

/// The driver's description in our words.
fn describe(index: usize, info: wgpu::AdapterInfo) -> AdapterInfo {
	AdapterInfo {
		index,
		name: info.name,
		vendor: info.vendor,
		device: info.device,
		bus: (!info.device_pci_bus_id.is_empty()).then(|| info.device_pci_bus_id.to_lowercase()),
		backend: info.backend.to_str().into(),
		kind: match info.device_type {
			DeviceType::DiscreteGpu => Kind::Discrete,
			DeviceType::IntegratedGpu => Kind::Integrated,
			DeviceType::VirtualGpu => Kind::Virtual,
			DeviceType::Cpu => Kind::Cpu,
			DeviceType::Other => Kind::Unknown,
		},
		driver: format!("{} {}", info.driver, info.driver_info).trim().into(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn card(index: usize, bus: &str, backend: &str, kind: Kind) -> AdapterInfo {
		AdapterInfo {
			index,
			name: format!("{kind} card"),
			vendor: 0x10de,
			device: 0x2335,
			bus: (!bus.is_empty()).then(|| bus.into()),
			backend: backend.into(),
			kind,
			driver: String::new(),
		}
	}

	#[test]
	fn selection_should_read_every_form_when_it_is_well_formed() {
		let read = |text: &str| text.parse::<Selection>();
		assert_eq!(read("only"), Ok(Selection::Only));
		assert_eq!(read("10de:2335"), Ok(Selection::Pci(0x10de, 0x2335)));
		assert_eq!(read("10005:0000"), Ok(Selection::Pci(0x10005, 0)));
		assert_eq!(read("0000:3B:00.0"), Ok(Selection::Bus("0000:3b:00.0".into())));
		assert_eq!(read("3b:0.0"), Ok(Selection::Bus("0000:3b:00.0".into())));
		assert_eq!(read("3"), Ok(Selection::Index(3)));
		for text in ["10de:2335", "0000:3b:00.0", "3", "only"] {
			assert_eq!(read(text).map(|selection| selection.to_string()), Ok(text.into()));
		}
	}

	#[test]
	fn selection_should_be_refused_when_it_is_malformed() {
		for text in ["", "first", ":", "10de:", "10de:+233", "1:2:3:4.5", "3b:00.z", "-1", "é:1"] {
			let expected = Err(GpuError::Selection(text.into()));
			assert_eq!(text.parse::<Selection>(), expected, "{text}");
		}
	}

	#[test]
	fn cpu_adapter_should_be_refused_when_it_is_not_allowed() {
		let cpu = [card(0, "", "vulkan", Kind::Cpu)];
		for selection in [Selection::Only, Selection::Index(0), Selection::Pci(0x10de, 0x2335)] {
			let refused = select(&selection, false, &cpu);
			assert_eq!(refused, Err(GpuError::CpuNotAllowed("cpu card".into())));
			assert_eq!(select(&selection, true, &cpu), Ok(0));
		}
		assert!(GpuError::CpuNotAllowed(String::new()).fix().contains("--allow-cpu"));
	}

	#[test]
	fn gpu_should_be_preferred_when_there_is_a_cpu_adapter_too() {
		let both =
			[card(0, "0000:01:00.0", "vulkan", Kind::Discrete), card(1, "", "vulkan", Kind::Cpu)];
		assert_eq!(select(&Selection::Only, true, &both), Ok(0));
	}

	#[test]
	fn equal_cards_should_be_told_apart_by_bus_when_the_id_is_ambiguous() {
		let two = [
			card(0, "0000:01:00.0", "vulkan", Kind::Discrete),
			card(1, "0000:02:00.0", "vulkan", Kind::Discrete),
		];
		for selection in [Selection::Only, Selection::Pci(0x10de, 0x2335)] {
			let ambiguous = select(&selection, false, &two);
			assert!(matches!(ambiguous, Err(GpuError::Ambiguous { .. })), "{ambiguous:?}");
		}
		assert_eq!(select(&Selection::Bus("0000:02:00.0".into()), false, &two), Ok(1));
		assert_eq!(select(&Selection::Index(1), false, &two), Ok(1));
	}

	#[test]
	fn one_card_should_be_chosen_when_two_interfaces_offer_it() {
		let twice = [
			card(0, "0000:01:00.0", "vulkan", Kind::Discrete),
			card(1, "0000:01:00.0", "dx12", Kind::Discrete),
		];
		assert_eq!(select(&Selection::Only, false, &twice), Ok(0));
		assert_eq!(select(&Selection::Index(1), false, &twice), Ok(1));
	}

	#[test]
	fn missing_adapter_should_name_the_present_ones_when_there_are_any() {
		let selection = Selection::Pci(1, 2);
		assert_eq!(select(&selection, true, &[]), Err(GpuError::NoAdapter));
		let one = [card(0, "0000:01:00.0", "vulkan", Kind::Discrete)];
		match select(&selection, true, &one) {
			Err(GpuError::NotFound { selection, present }) => {
				assert_eq!(selection, "0001:0002");
				assert!(present.contains("10de:2335 at 0000:01:00.0"), "{present}");
			}
			other => panic!("{other:?}"),
		}
	}
}
