//! Criterion's flags, for targets that don't use Criterion: `cargo bench -- threads` means the same in each.

/// Criterion's and libtest's flags that take a value, which is not a filter.
const WITH_VALUE: &[&str] = &[
    "--baseline",
    "-b",
    "--baseline-lenient",
    "--save-baseline",
    "-s",
    "--color",
    "-c",
    "--confidence-level",
    "--format",
    "--load-baseline",
    "--logfile",
    "--measurement-time",
    "--noise-threshold",
    "--nresamples",
    "--output-format",
    "--plotting-backend",
    "--profile-time",
    "--sample-size",
    "--significance-level",
    "--skip",
    "--warm-up-time",
];

/// What is left of Criterion's command line.
#[derive(Default)]
pub struct Asked {
    /// What the benchmarks' names must contain.
    pub filter: Option<String>,
    /// Say what there is, and measure nothing.
    pub only_list: bool,
    /// See that it works, in as little time as it takes.
    pub only_test: bool,
}

impl Asked {
    pub fn from(mut args: impl Iterator<Item = String>) -> Self {
        let mut asked = Self::default();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--list" => asked.only_list = true,
                "--test" => asked.only_test = true,
                flag if WITH_VALUE.contains(&flag) => drop(args.next()),
                flag if flag.starts_with('-') => {}
                _ => asked.filter = Some(arg),
            }
        }
        asked
    }

    /// Whether the filter lets a benchmark of this name pass.
    pub fn wants(&self, name: &str) -> bool {
        self.filter.as_ref().is_none_or(|text| name.contains(text))
    }
}
