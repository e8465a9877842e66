//! What wallets and generated clients learn about the chain.

use codec::Decode;
use frame_metadata::{v16::RuntimeMetadataV16, RuntimeMetadata, RuntimeMetadataPrefixed};

/// The pallets of this repository.
const OURS: [&str; 5] = ["Timing", "Beacon", "Operators", "ProofOfFlops", "Validators"];

fn decode(bytes: &[u8]) -> RuntimeMetadata {
	RuntimeMetadataPrefixed::decode(&mut &*bytes).expect("metadata decodes").1
}

/// Version 16 is the first that has view functions.
fn metadata() -> RuntimeMetadataV16 {
	match decode(&assay_runtime::metadata_bytes()) {
		RuntimeMetadata::V16(metadata) => metadata,
		_ => panic!("the committed metadata has version 16"),
	}
}

fn is_empty<S: AsRef<str>>(docs: &[S]) -> bool {
	docs.iter().all(|line| line.as_ref().trim().is_empty())
}

/// Adds the variants of a pallet's calls, events or errors, and their fields, that say nothing.
fn undocumented_variants(
	metadata: &RuntimeMetadataV16,
	what: &str,
	type_id: u32,
	with_fields: bool,
	missing: &mut Vec<String>,
) {
	let resolved = metadata.types.resolve(type_id).expect("every type is in the registry");
	let scale_info::TypeDef::Variant(definition) = &resolved.type_def else {
		panic!("{what} is an enumeration");
	};
	for variant in &definition.variants {
		let name = format!("{what}.{}", variant.name);
		for field in variant.fields.iter().filter(|field| with_fields && is_empty(&field.docs)) {
			missing.push(format!("{name}.{}", field.name.as_deref().unwrap_or("?")));
		}
		if is_empty(&variant.docs) {
			missing.push(name);
		}
	}
}

#[test]
fn pallets_should_document_everything_when_wallets_show_it() {
	let metadata = metadata();
	let mut missing = Vec::new();
	for name in OURS {
		let pallet = metadata
			.pallets
			.iter()
			.find(|pallet| pallet.name == name)
			.unwrap_or_else(|| panic!("the runtime has no pallet {name}"));
		if let Some(calls) = &pallet.calls {
			undocumented_variants(
				&metadata,
				&format!("{name}.calls"),
				calls.ty.id,
				false,
				&mut missing,
			);
		}
		if let Some(events) = &pallet.event {
			undocumented_variants(
				&metadata,
				&format!("{name}.events"),
				events.ty.id,
				true,
				&mut missing,
			);
		}
		if let Some(errors) = &pallet.error {
			undocumented_variants(
				&metadata,
				&format!("{name}.errors"),
				errors.ty.id,
				false,
				&mut missing,
			);
		}
		let entries = pallet.storage.iter().flat_map(|storage| &storage.entries);
		for entry in entries.filter(|entry| is_empty(&entry.docs)) {
			missing.push(format!("{name}.storage.{}", entry.name));
		}
		for constant in pallet.constants.iter().filter(|constant| is_empty(&constant.docs)) {
			missing.push(format!("{name}.constants.{}", constant.name));
		}
	}
	assert!(missing.is_empty(), "without a doc comment: {}", missing.join(", "));
}

#[test]
fn view_functions_should_be_documented_when_dashboards_offer_them() {
	let metadata = metadata();
	let mut count = 0;
	for pallet in metadata.pallets.iter().filter(|pallet| OURS.contains(&pallet.name.as_str())) {
		for function in &pallet.view_functions {
			count += 1;
			let name = format!("{}.{}", pallet.name, function.name);
			assert!(!is_empty(&function.docs), "{name} has no doc comment");
		}
	}
	assert!(count > 0, "no view function found");
}

#[test]
fn errors_should_be_sentences_when_people_read_them() {
	let metadata = metadata();
	for pallet in metadata.pallets.iter().filter(|pallet| OURS.contains(&pallet.name.as_str())) {
		let Some(errors) = &pallet.error else { continue };
		let resolved = metadata.types.resolve(errors.ty.id).expect("in the registry");
		let scale_info::TypeDef::Variant(definition) = &resolved.type_def else {
			panic!("errors are an enumeration");
		};
		for variant in &definition.variants {
			let text = variant.docs.join(" ");
			let name = format!("{}.{}", pallet.name, variant.name);
			assert!(text.trim_end().ends_with('.'), "{name} is no sentence: {text}");
			assert!(!variant.name.contains("Error"), "{name} says Error");
		}
	}
}

#[test]
fn committed_metadata_should_equal_the_runtimes_when_checked() {
	let path = assay_tests::process::repository().join("gpu-worker/metadata.scale");
	let committed = std::fs::read(&path)
		.unwrap_or_else(|error| panic!("{}: {error}; run scripts/metadata", path.display()));
	assert!(
		committed == assay_runtime::metadata_bytes(),
		"gpu-worker/metadata.scale is out of date: run scripts/metadata and commit the result"
	);
}
