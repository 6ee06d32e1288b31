//! Several events at the same time, which share the queue and the memory for files.

use futures_util::future::join;

use super::*;

/// What the events of a process share.
struct Process {
    processor: Arc<SlowProcessor>,
    work: BlockingWork,
    queue: ProcessingQueue,
    memory_budget: MemoryBudget,
    storage: Storage,
}

impl Process {
    fn new(storage: Storage, budget: u64) -> Self {
        Self {
            processor: slow_processor(Duration::ZERO, false),
            work: BlockingWork::default(),
            queue: ProcessingQueue::new(1, None),
            memory_budget: MemoryBudget::new(budget),
            storage,
        }
    }

    /// The errors of an event's photos, which have the keys `0`, `1` and so on.
    async fn errors(&self, photos: usize, order: Order, time: Duration) -> Vec<Option<Error>> {
        let pipeline = Pipeline {
            processor: &self.processor,
            blocking_work: &self.work,
            processing_queue: &self.queue,
            memory_budget: &self.memory_budget,
            storage: &self.storage,
            machine: &Machine::default(),
            deadline: Deadline::after(time),
            report: &report(),
        };
        let options = Arc::new(Options::new(()));
        let tasks = (0..photos).map(|key| task(&key.to_string(), &options));
        let results = pipeline.process_all(tasks.collect(), order).await;
        results.into_iter().map(Result::err).collect()
    }
}

#[tokio::test]
async fn events_share_the_memory_for_files_without_a_deadlock() {
    // The storage answers in any order.
    let s3 = FakeS3::start(|_| png(3, 300 << 10));
    // One file and a half, and less than a file.
    for budget in [450 << 10, 100 << 10] {
        let process = Process::new(storage_at(&s3.url), budget);
        let time = Duration::from_secs(30);
        let strict = join(
            process.errors(4, Order::Strict, time),
            process.errors(4, Order::Strict, time),
        );
        let any = join(process.errors(4, Order::Any, time), process.errors(4, Order::Any, time));
        let ((first, second), (third, fourth)) = join(strict, any).await;
        let failed = [first, second, third, fourth].concat().into_iter().flatten().next();
        assert!(failed.is_none(), "{budget}: {failed:?}");
    }
}

#[tokio::test]
async fn an_abandoned_photo_delays_other_events_until_it_ends() {
    let (slow, fast) = (FakeS3::start(|_| png(2, 0)), FakeS3::start(|_| png(3, 0)));
    let mut process = Process::new(storage_at(&slow.url), u64::MAX);
    let names = |errors: &[Option<Error>]| -> Vec<Option<&str>> {
        errors.iter().map(|error| error.as_ref().map(Error::name)).collect()
    };
    let errors = process.errors(1, Order::Any, Duration::from_secs(1)).await;
    assert_eq!(names(&errors), [Some("PhotoTooSlow")]);
    assert_eq!(*process.work.abandoned().borrow(), [""]);

    process.storage = storage_at(&fast.url);
    let errors = process.errors(1, Order::Any, Duration::from_secs(1)).await;
    // The photo has not used the event's time itself.
    assert_eq!(names(&errors), [Some("OutOfTime")]);

    let stop = async {
        let mut requests = fast.requests().len();
        while requests < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            requests = fast.requests().len();
        }
        process.processor.stop.store(true, Ordering::Relaxed);
    };
    let (errors, ()) = join(process.errors(1, Order::Any, Duration::from_secs(30)), stop).await;
    assert_eq!(names(&errors), [None]);
    assert!(process.work.abandoned().borrow().is_empty());
}
