/** The page's socket: its own, or, as since 2.3000.1048653945 on some accounts, one that a worker holds. */

/** The part of a socket that the page uses. */
export type Line = { send(text: string): void; close(): void; isOpen(): boolean }

export type LineEvents = { onOpen(): void; onText(text: string): void; onClose(): void }

/** Opens a socket in the page. */
export function openSocket(url: string, { onOpen, onText, onClose }: LineEvents): Line {
  const socket = new WebSocket(url)
  socket.addEventListener('open', onOpen)
  socket.addEventListener('message', (event) => onText(String(event.data)))
  socket.addEventListener('close', onClose)
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(),
    isOpen: () => socket.readyState === WebSocket.OPEN,
  }
}

/** The worker's own code. */
const source = `
  let socket
  onmessage = ({ data }) => {
    if (data.url) {
      socket = new WebSocket(data.url)
      socket.onopen = () => postMessage({ kind: 'open' })
      socket.onmessage = (event) => postMessage({ kind: 'text', text: String(event.data) })
      socket.onclose = () => postMessage({ kind: 'close' })
    } else if (data.text !== undefined) socket.send(data.text)
    else socket.close()
  }`

/** Opens a socket in a worker of its own: `window.WebSocket` is not used (`web_comms_in_worker`). */
export function openWorkerSocket(url: string, { onOpen, onText, onClose }: LineEvents): Line {
  const worker = new Worker(URL.createObjectURL(new Blob([source])))
  let isOpen = false
  worker.addEventListener('message', ({ data }) => {
    if (data.kind === 'text') return onText(data.text)
    isOpen = data.kind === 'open'
    if (isOpen) return onOpen()
    worker.terminate()
    onClose()
  })
  worker.postMessage({ url })
  return {
    send: (text) => worker.postMessage({ text }),
    close() {
      isOpen = false
      worker.postMessage({})
    },
    isOpen: () => isOpen,
  }
}
