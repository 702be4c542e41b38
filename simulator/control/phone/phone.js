/** The phone page: shows the double's world and is its hand. Everything goes through the control API. */

/** @typedef {import('../../simulator.ts').WorldState} WorldState */
/** @typedef {import('../../simulator.ts').WorldMessage} WorldMessage */
/** @typedef {WorldState['contacts'][number]} Contact */
/** @typedef {WorldState['groups'][number]} Group */
/** @typedef {{ id: string, name: string, about: string, contact: Contact | null, group: Group | null }} Chat */
/** @typedef {{ builds: string[], faults: { name: string, does: string, value: string }[] }} Choices */

/** What was read last. @type {{ state: WorldState | null, messages: WorldMessage[], choices: Choices }} */
const shown = { state: null, messages: [], choices: { builds: [], faults: [] } }
/** @type {string | null} */
let openChatId = null
/** A conversation shows this many messages; more would only make the page slow. */
const messagesShown = 200

// ---- small helpers

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 */
function byId(id, kind) {
  const element = document.getElementById(id)
  if (element instanceof kind) return element
  throw new Error(`no #${id}`)
}

/**
 * An element with text and children. Text is only ever set as text, so whatever people write stays text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 */
function make(tag, className, ...children) {
  const element = document.createElement(tag)
  element.className = className
  element.append(...children)
  return element
}

/** @param {string} label @param {() => void} onClick @param {string} [className] */
function makeButton(label, onClick, className = '') {
  const button = make('button', className, label)
  button.type = 'button'
  button.addEventListener('click', onClick)
  return button
}

/** @param {string} id @param {string} text */
function setText(id, text) {
  byId(id, HTMLElement).textContent = text
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let toastTimer
/** @param {string} text */
function toast(text) {
  const box = byId('toast', HTMLElement)
  box.textContent = text
  box.hidden = false
  clearTimeout(toastTimer)
  toastTimer = setTimeout(() => {
    box.hidden = true
  }, 6000)
}

/**
 * One verb of the control API; a refusal is shown, and null comes back.
 * @param {string} verb
 * @param {Record<string, unknown>} [input]
 */
async function call(verb, input = {}) {
  try {
    const response = await fetch(`/control/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    })
    const result = await response.json()
    if (response.ok) return result
    toast(result.error)
  } catch {
    toast('The simulator does not answer.')
  }
  return null
}

/** @param {string} path */
async function get(path) {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return await response.json()
}

// ---- words

/** @param {Contact} contact */
const nameOf = ({ name, pushname, phone }) => name ?? (pushname ? `~${pushname}` : `+${phone}`)

/** @param {string} jid `<digits>@c.us` or `@lid` */
function nameOfJid(jid) {
  const [user] = jid.split('@')
  const contact = shown.state?.contacts.find(({ phone, lid }) => phone === user || lid === user)
  return contact ? nameOf(contact) : `+${user}`
}

/** @param {number} t Unix seconds */
const timeOf = (t) => new Date(t * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
/** @param {number} t Unix seconds @returns {string} the time of today's, the day of older ones */
const whenOf = (t) => {
  const [then, now] = [new Date(t * 1000), new Date()]
  if (then.toDateString() === now.toDateString()) return timeOf(t)
  return then.toLocaleDateString([], { day: 'numeric', month: 'short' })
}
/** @param {number} t Unix seconds */
const dayOf = (t) =>
  new Date(t * 1000).toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' })

/** @param {HTMLElement} element @param {string} name */
function drawAvatar(element, name) {
  const letters = name.replace(/^[~+]/, '')
  element.textContent = [...letters][0]?.toUpperCase() ?? '?'
  let hue = 0
  for (const letter of letters) hue = (hue + (letter.codePointAt(0) ?? 0)) % 6
  element.className = `avatar hue-${hue}`
}

/** @param {WorldState} state @returns {Chat[]} the one with the newest message first */
function chatsOf({ contacts, groups }) {
  /** @type {Chat[]} */
  const chats = [
    ...contacts.map((contact) => ({
      id: contact.lidChat ? `${contact.lid}@lid` : `${contact.phone}@c.us`,
      name: nameOf(contact),
      about: `+${contact.phone}${contact.lidChat ? `, LID ${contact.lid}` : ''}`,
      contact,
      group: null,
    })),
    ...groups.map((group) => ({
      id: group.id,
      name: group.subject,
      about: group.members.map((phone) => nameOfJid(phone)).join(', '),
      contact: null,
      group,
    })),
  ]
  const newest = (/** @type {Chat} */ { id }) => lastMessage(id)?.t ?? 0
  return chats.sort((a, b) => newest(b) - newest(a))
}

/** @param {string} chatId */
const lastMessage = (chatId) => shown.messages.findLast(({ chat }) => chat === chatId)

// ---- drawing

/** A part is drawn again only when what it shows has changed, so that focus and scrolling stay. */
const drawn = new Map()

/** @param {string} part @param {unknown} data @param {() => void} draw */
function drawIfChanged(part, data, draw) {
  const text = JSON.stringify(data)
  if (drawn.get(part) === text) return
  drawn.set(part, text)
  draw()
}

function drawAll() {
  const { state, messages, choices } = shown
  if (!state) return
  const { account, devices, linking, faults, build, refusals, contacts, groups } = state
  drawIfChanged('owner', account, () => {
    setText('owner-name', account.pushname)
    setText('owner-number', `+${account.phone}`)
    drawAvatar(byId('owner-avatar', HTMLElement), account.pushname)
  })
  drawIfChanged('devices', [devices, linking], () => drawDevices(state))
  drawIfChanged('chats', [contacts, groups, messages, openChatId], () => drawChats(state))
  drawIfChanged('chat', [contacts, groups, openChatId], () => drawOpenChat(state))
  drawIfChanged(
    'messages',
    [openChatId, devices, messages.filter(({ chat }) => chat === openChatId)],
    drawMessages,
  )
  drawIfChanged('lab', [faults, build, refusals, choices], () => drawLab(state))
}

/** @param {WorldState} state */
function drawDevices({ devices, linking }) {
  const rows = devices.map(({ id, linkedAt, online }) => {
    const linked = new Date(linkedAt)
    const since = Number.isNaN(linked.getTime()) ? linkedAt : linked.toLocaleString()
    return make(
      'li',
      online ? 'device online' : 'device',
      make('span', 'dot'),
      make(
        'div',
        '',
        make('p', '', id),
        make('p', 'hint', `${online ? 'online' : 'offline'}, linked ${since}`),
      ),
      makeButton('Unlink', () => call('unlink', { deviceId: id })),
    )
  })
  byId('devices', HTMLElement).replaceChildren(...rows)
  const code = linking.pairingCode
  setText(
    'linking',
    code
      ? `A computer waits for a pairing code to be typed in, for +${code.phone}.`
      : linking.qr
        ? 'A computer shows a QR code.'
        : devices.length === 0
          ? 'No device is linked, and no computer shows a QR code.'
          : '',
  )
  setText(
    'code-hint',
    code ? `The computer shows ${code.code.replace(/^(.{4})/, '$1-')}.` : 'No code is waiting.',
  )
  byId('refuse', HTMLButtonElement).disabled = !code && !linking.qr
}

/** @param {WorldState} state */
function drawChats(state) {
  const list = byId('chats', HTMLElement)
  const focused =
    document.activeElement instanceof HTMLElement ? document.activeElement.dataset.chat : undefined
  const rows = chatsOf(state).map(({ id, name }) => {
    const last = lastMessage(id)
    const avatar = make('span', '')
    drawAvatar(avatar, name)
    const preview = last ? `${last.fromMe ? 'You: ' : ''}${last.body || last.type}` : 'No messages'
    const title = make('strong', '', name)
    const line = make('p', 'hint', preview)
    title.dir = line.dir = 'auto'
    const button = makeButton('', () => openChat(id), 'chat')
    button.dataset.chat = id
    button.setAttribute('aria-current', String(id === openChatId))
    button.append(avatar, make('div', '', title, line), make('time', '', last ? whenOf(last.t) : ''))
    return make('li', '', button)
  })
  list.replaceChildren(...rows)
  if (focused) [...list.querySelectorAll('button')].find(({ dataset }) => dataset.chat === focused)?.focus()
}

/** @param {WorldState} state */
function drawOpenChat(state) {
  const chat = chatsOf(state).find(({ id }) => id === openChatId)
  byId('nothing-open', HTMLElement).hidden = !!chat
  byId('open-chat', HTMLElement).hidden = !chat
  if (!chat) return
  setText('chat-name', chat.name)
  setText('chat-about', chat.about)
  drawAvatar(byId('chat-avatar', HTMLElement), chat.name)
  byId('read', HTMLElement).hidden = !chat.contact
  byId('read', HTMLElement).title = `${chat.name} reads everything in this chat`
  const select = byId('author', HTMLSelectElement)
  const before = select.value
  const phones = chat.group ? chat.group.members : chat.contact ? [chat.contact.phone] : []
  select.replaceChildren(...phones.map((phone) => new Option(nameOfJid(phone), phone)))
  if (phones.includes(before)) select.value = before
  select.hidden = phones.length < 2
  byId('write', HTMLButtonElement).disabled = phones.length === 0
  nameAuthor()
}

function nameAuthor() {
  const { selectedOptions } = byId('author', HTMLSelectElement)
  setText('write', `Write as ${selectedOptions[0]?.text ?? 'a member'}`)
}

function drawMessages() {
  const list = byId('messages', HTMLElement)
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60
  const all = shown.messages.filter(({ chat }) => chat === openChatId)
  const rows = []
  if (all.length > messagesShown) {
    rows.push(make('li', 'older', `${all.length - messagesShown} older messages are not shown.`))
  }
  let day = ''
  for (const message of all.slice(-messagesShown)) {
    if (dayOf(message.t) !== day) {
      day = dayOf(message.t)
      rows.push(make('li', 'day', day))
    }
    rows.push(makeMessage(message))
  }
  list.replaceChildren(...rows)
  if (wasAtEnd || list.dataset.chat !== openChatId) list.scrollTop = list.scrollHeight
  list.dataset.chat = openChatId ?? ''
}

/** @param {WorldMessage} message */
function makeMessage({ from, fromMe, origin, type, body, t, ack, deliveredTo }) {
  const item = make('li', fromMe ? 'message mine' : 'message')
  if (!fromMe && openChatId?.endsWith('@g.us')) item.append(make('p', 'author', nameOfJid(from)))
  const text = make('p', 'what', type === 'chat' ? body : `[${type}] ${body}`)
  text.dir = 'auto'
  const where = fromMe && origin !== 'phone' ? 'by a linked device, ' : ''
  const footer = make('footer', '', `${where}${timeOf(t)}`)
  if (fromMe) footer.append(makeTicks(ack))
  const devices = shown.state?.devices ?? []
  const missing = devices.filter(({ id }) => !deliveredTo[id]).length
  if (devices.length > 0) {
    footer.title =
      missing === 0
        ? 'Every linked device has it.'
        : `${missing} of ${devices.length} linked devices do not have it yet.`
  }
  item.append(text, footer)
  return item
}

/** @param {number} ack */
function makeTicks(ack) {
  const [sign, words, className] =
    ack < 0
      ? ['!', 'failed', 'failed']
      : ack === 0
        ? ['🕓', 'not at the server yet', '']
        : ack === 1
          ? ['✓', 'at the server', '']
          : ack === 2
            ? ['✓✓', 'delivered', '']
            : ['✓✓', ack === 3 ? 'read' : 'played', 'seen']
  const ticks = make('span', `ticks ${className}`, sign ?? '')
  ticks.title = words ?? ''
  ticks.setAttribute('role', 'img')
  ticks.setAttribute('aria-label', words ?? '')
  return ticks
}

/** @param {WorldState} state */
function drawLab({ faults, build, refusals }) {
  const { choices } = shown
  const on = Object.keys(faults)
  setText('lab-summary', `· build ${build}${on.length > 0 ? ` · faults: ${on.join(', ')}` : ''}`)
  const select = byId('build', HTMLSelectElement)
  const names = choices.builds.includes(build) ? choices.builds : [build, ...choices.builds]
  select.replaceChildren(...names.map((name) => new Option(name, name, false, name === build)))
  byId('faults', HTMLElement).replaceChildren(
    ...choices.faults.map(({ name, does, value }) => {
      const box = make('input', '')
      box.type = 'checkbox'
      box.checked = name in faults
      box.addEventListener('change', () => switchFault(name, value, box))
      return make('li', 'fault', makeLabel(box, make('div', '', name, make('span', 'hint', does))))
    }),
  )
  byId('clear-faults', HTMLButtonElement).disabled = on.length === 0
  byId('refusals-box', HTMLElement).hidden = refusals.length === 0
  byId('refusals', HTMLElement).replaceChildren(...refusals.slice(-50).map((line) => make('li', '', line)))
}

/** @param {HTMLInputElement} box @param {Node | string} text */
function makeLabel(box, text) {
  return make('label', 'check', box, text)
}

/**
 * Some faults take a value, which `hint` describes; it is asked for as JSON.
 * @param {string} name
 * @param {string} hint
 * @param {HTMLInputElement} box
 */
async function switchFault(name, hint, box) {
  /** @type {unknown} */
  let value = box.checked
  if (box.checked && hint) {
    const typed = prompt(`${name}: ${hint}\nAs JSON; empty for true.`, '')
    if (typed === null) {
      box.checked = false
      return
    }
    try {
      value = typed.trim() === '' ? true : JSON.parse(typed)
    } catch {
      value = typed
    }
  }
  if (!(await call('set_fault', { name, value }))) box.checked = !box.checked
}

/** @param {string | null} id */
function openChat(id) {
  openChatId = id
  const phone = document.querySelector('.phone')
  if (phone instanceof HTMLElement) phone.dataset.view = id ? 'chat' : 'list'
  drawAll()
}

// ---- reading the world

let isReading = false
let readAgain = false

/** Reads everything; changes during a read are read right after it, once. */
async function refresh() {
  if (isReading) {
    readAgain = true
    return
  }
  isReading = true
  try {
    const [state, messages] = await Promise.all([get('/control/state'), get('/control/messages')])
    Object.assign(shown, { state, messages })
    drawAll()
  } catch {
    // The event stream notices that the simulator is gone, and says so.
  }
  isReading = false
  if (readAgain) {
    readAgain = false
    setTimeout(refresh, 50)
  }
}

const events = new EventSource('/control/events')
events.addEventListener('open', async () => {
  setText('connection', '')
  shown.choices = await get('/control/choices').catch(() => shown.choices)
  await refresh()
})
events.addEventListener('error', () => setText('connection', 'The simulator does not answer.'))
events.addEventListener('change', refresh)

// ---- acting

/** @param {string} id @param {() => void} act */
function onClick(id, act) {
  byId(id, HTMLElement).addEventListener('click', act)
}

/**
 * Opens a dialog; `act` gets its fields when it is left by its main button.
 * @param {string} id
 * @param {(fields: FormData) => Promise<unknown>} act
 */
function ask(id, act) {
  const dialog = byId(id, HTMLDialogElement)
  const form = dialog.querySelector('form')
  if (!form) return
  form.reset()
  dialog.returnValue = ''
  dialog.onclose = () => {
    if (dialog.returnValue === 'ok') void act(new FormData(form))
  }
  dialog.showModal()
}

/** @param {FormData} fields @param {string} name */
const textOf = (fields, name) => String(fields.get(name) ?? '').trim()

onClick('scan', async () => {
  const button = byId('scan', HTMLButtonElement)
  button.disabled = true
  button.textContent = 'Scanning …'
  await call('scan')
  button.disabled = false
  button.textContent = 'Scan QR'
})
onClick('type-code', () =>
  ask('code-dialog', (fields) => call('type_pairing_code', { code: textOf(fields, 'code') })),
)
onClick('refuse', () => call(shown.state?.linking.pairingCode ? 'refuse_pairing_code' : 'refuse_scan'))
onClick('back', () => openChat(null))
byId('author', HTMLSelectElement).addEventListener('change', nameAuthor)
onClick('clear-faults', () => call('clear_faults'))
onClick('read', () => {
  const contact = shown.state && chatsOf(shown.state).find(({ id }) => id === openChatId)?.contact
  if (contact) void call('read', { by: contact.phone })
})
byId('build', HTMLSelectElement).addEventListener('change', ({ currentTarget }) => {
  if (currentTarget instanceof HTMLSelectElement) void call('set_build', { build: currentTarget.value })
})
byId('account-form', HTMLFormElement).addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = byId('account-form', HTMLFormElement)
  if (await call('switch_account', { phone: textOf(new FormData(form), 'phone') })) {
    form.reset()
    openChat(null)
  }
})

onClick('new-contact', () =>
  ask('contact-dialog', (fields) =>
    call('add_contact', {
      phone: textOf(fields, 'phone'),
      name: textOf(fields, 'name') || null,
      ...(textOf(fields, 'pushname') ? { pushname: textOf(fields, 'pushname') } : {}),
      lidChat: fields.has('lidChat'),
    }),
  ),
)
onClick('new-group', () => {
  const boxes = (shown.state?.contacts ?? []).map((contact) => {
    const box = make('input', '')
    box.type = 'checkbox'
    box.name = 'member'
    box.value = contact.phone
    return make('li', '', makeLabel(box, nameOf(contact)))
  })
  byId('members', HTMLElement).replaceChildren(...boxes)
  ask('group-dialog', (fields) =>
    call('add_group', {
      subject: textOf(fields, 'subject'),
      members: fields.getAll('member').map(String),
      announce: fields.has('announce'),
      lidMode: fields.has('lidMode'),
    }),
  )
})

const text = byId('text', HTMLTextAreaElement)

/** @param {string} verb @param {Record<string, unknown>} who */
async function write(verb, who) {
  const body = text.value
  if (body.trim() === '' || !openChatId) return
  text.value = ''
  // Not lost when the world refuses, unless something else was typed meanwhile.
  if (!(await call(verb, { ...who, chat: openChatId, text: body })) && text.value === '') text.value = body
  text.focus()
}

const writeAsThem = () => write('write', { from: byId('author', HTMLSelectElement).value })
byId('composer', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  void writeAsThem()
})
onClick('write-own', () => write('write_from_phone', {}))
text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  void writeAsThem()
})
