//! Everything that the documentation tells people to type.

use std::{fs, time::Duration};

use assay_tests::{
	chain::{eventually, Chain},
	documentation::{blocks, Mode, Reader},
	process::repository,
	Machine,
};

/// The pages, relative to the repository.
fn pages() -> Vec<String> {
	let mut pages = vec!["README.md".to_owned()];
	let docs = fs::read_dir(repository().join("docs")).expect("the repository has docs");
	let names = docs.map(|entry| entry.expect("a readable folder").file_name());
	pages.extend(
		names
			.map(|name| name.to_string_lossy().into_owned())
			.filter(|name| name.ends_with(".md"))
			.map(|name| format!("docs/{name}")),
	);
	pages.sort();
	pages
}

fn read(page: &str) -> String {
	fs::read_to_string(repository().join(page)).expect("a page of the repository")
}

#[test]
fn links_should_lead_somewhere_when_they_are_in_the_repository() {
	for page in pages() {
		let text = read(&page);
		let folder = repository().join(&page);
		let folder = folder.parent().expect("a page is in a folder");
		for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
			let target = link.split('#').next().unwrap_or_default();
			if target.is_empty() || target.contains("://") {
				continue;
			}
			assert!(folder.join(target).exists(), "{page} links to {target}, which is not there");
		}
	}
}

#[test]
fn block_should_be_refused_when_no_test_would_run_it() {
	let page = "```text\nx\n```\n```sh test\na\nb\n```\n```sh test background\nc\n```\n";
	let found = blocks(page).expect("all of them are marked");
	assert_eq!(found.len(), 2);
	assert_eq!((found[0].script.as_str(), found[0].mode), ("a\nb", Mode::Once));
	assert_eq!((found[1].line, found[1].mode), (8, Mode::Background));
	for wrong in ["```sh\nx\n```", "```bash\nx\n```", "```\nx\n```", "```sh test\nx"] {
		assert!(blocks(wrong).is_err(), "{wrong}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_should_succeed_when_a_reader_types_them() {
	let machine = Machine::take().await;
	for page in pages() {
		let folder = machine.path(&page.replace('/', "-"));
		let mut reader = Reader::new(&folder);
		let blocks = blocks(&read(&page)).unwrap_or_else(|error| panic!("{page}: {error}"));
		for block in &blocks {
			tokio::task::block_in_place(|| reader.follow(&page, block));
			if block.mode == Mode::Background && block.script.starts_with("assay-node") {
				let url = reader.url().to_owned();
				eventually("the reader's node", Duration::from_secs(60), || async {
					Chain::try_connect(&url).await.map(drop)
				})
				.await;
			}
		}
		println!("{page}: {} blocks of commands", blocks.len());
	}
}
