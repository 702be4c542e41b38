/** A thread that asks for the status over and over, whatever else its process does. Reports milliseconds when it is told to. */
import { parentPort, workerData } from 'node:worker_threads'

const PAUSE_MS = 20
/** @type {number[]} */
let times = []
parentPort?.on('message', () => {
  parentPort?.postMessage(times)
  times = []
})

for (;;) {
  const from = performance.now()
  // The server ends before this thread.
  const answer = await fetch(workerData).catch(() => null)
  if (answer === null) break
  await answer.text()
  times.push(performance.now() - from)
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}
