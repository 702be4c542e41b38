/** Faults that a page simulates by itself: at its load, or when they are switched on while it runs. */
import { isOn, numberOf, setFault } from './faults.ts'
import { Socket, Stream } from './socket-model.ts'
import { wantedState } from './wanted-state.ts'

/** Remaining reloads of a burst; survives the reload, not the tab. */
const burstKey = 'simulator-burst'
const leaked: Uint8Array[] = []
let isLeaking = false

/** Called once per load, before the page connects. */
export function actAtLoad(): void {
  if (isOn('extra_iframe')) {
    addFrame()
    void untilSynced().then(() => setTimeout(addFrame, 50))
  }
  if (isOn('leak_memory')) leak()
  goOnReloading()
}

/** The service switched a fault on (or off) while this page runs. */
export function actOnFault(name: string, value: unknown): void {
  setFault(name, value)
  if (value === false) return
  if (name === 'extra_iframe') addFrame()
  if (name === 'leak_memory') leak()
  if (name === 'double_synced' && Socket.get('hasSynced')) void repeatSynced()
  if (name === 'state') {
    const state = wantedState()
    if (state) Socket.set({ state })
  }
  if (name === 'reload_burst') {
    sessionStorage.setItem(burstKey, String(numberOf(name, 'times', 3)))
    goOnReloading()
  }
}

/** Sets `hasSynced` to false and back to true, with gaps (F10). Does nothing while the fault is off. */
export async function repeatSynced(): Promise<void> {
  if (!isOn('double_synced')) return
  const gapMs = numberOf('double_synced', 'gapMs', 30)
  for (let time = 1; time < numberOf('double_synced', 'times', 2); time += 1) {
    await pause(gapMs)
    Socket.set({ hasSynced: false })
    await pause(gapMs)
    Socket.set({ hasSynced: true })
  }
}

function addFrame(): void {
  const frame = document.createElement('iframe')
  frame.src = '/frame'
  document.body.append(frame)
}

/** Watches the stream, not `change:hasSynced`: a listener of ours there would count as a client's. */
function untilSynced(): Promise<void> {
  return new Promise((resolve) => {
    Stream.on('change:mode', (_stream: unknown, mode: string) => {
      if (mode === 'MAIN') resolve()
    })
  })
}

function leak(): void {
  if (isLeaking) return
  isLeaking = true
  const timer = setInterval(() => {
    if (!isOn('leak_memory')) {
      clearInterval(timer)
      isLeaking = false
      return
    }
    leaked.push(new Uint8Array((numberOf('leak_memory', 'megabytesPerSecond', 20) * 1024 * 1024) / 5).fill(1))
  }, 200)
}

function goOnReloading(): void {
  const left = Number(sessionStorage.getItem(burstKey) ?? '0')
  if (left <= 0) return
  sessionStorage.setItem(burstKey, String(left - 1))
  const gapMs = numberOf('reload_burst', 'withinMs', 250) / Math.max(numberOf('reload_burst', 'times', 3), 1)
  setTimeout(() => location.reload(), gapMs)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
