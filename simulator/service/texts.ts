/** Names and texts in several scripts, of realistic lengths. */
import type { Random } from './random.ts'

const given = [
  ['Amara', 'Jürgen', 'Zoë', 'Łukasz', 'José', 'Nguyễn', 'Siobhán', 'Björn', 'Ayşe', "D'Arcy"],
  ['Олена', 'Дмитро', 'Анна', 'Сергей', 'Мария'],
  ['小明', '美玲', '伟', '芳', '健一'],
  ['يوسف', 'فاطمة', 'محمد', 'ليلى', 'أحمد'],
  ['प्रिया', 'राहुल', 'अंजलि', 'विक्रम', 'दीपा'],
  ['נועה', 'דוד', 'יעל', 'משה', 'תמר'],
]
const family = [
  ['Okafor', 'Müller', 'Ångström', 'García', 'O’Neil', 'Nowak', 'Silva', 'Öztürk', 'Dubois', 'Smith'],
  ['Коваль', 'Иванова', 'Шевченко', 'Петров', 'Бондар'],
  ['王', '李', '张', '佐藤', '陈'],
  ['حداد', 'الخطيب', 'منصور', 'عباس', 'سالم'],
  ['शर्मा', 'पटेल', 'गुप्ता', 'सिंह', 'राव'],
  ['כהן', 'לוי', 'מזרחי', 'פרץ', 'ביטון'],
]
const phrases = [
  [
    'ok',
    'Yes 👍',
    'See you at 6',
    'Could you send me the address again please?',
    'I am running late, the train is stuck somewhere between two stations and nobody says for how long.',
    'https://example.com/a?b=1&c=2',
    'Danke schön! Bis morgen früh.',
    '😂😂😂',
    'Let me think about it and tell you on Monday, all right?\nIf not, call me.',
  ],
  ['Дякую!', 'Завтра о шостій, як завжди?', 'Позвони мне, когда освободишься, есть новости.', 'ага'],
  ['好的', '你到了吗？', '明天我们一起去吃饭吧，我知道一家新开的店，味道很好。', '谢谢🙏'],
  ['شكرا', 'متى تصل؟', 'أرسل لي العنوان من فضلك، سأكون هناك بعد نصف ساعة إن شاء الله.', 'تمام 👌'],
  ['ठीक है', 'कल मिलते हैं', 'क्या तुमने वह फ़ाइल देखी जो मैंने कल रात भेजी थी?', 'धन्यवाद'],
  ['בסדר', 'מתי נפגשים?', 'תשלחי לי בבקשה את הכתובת שוב, אני לא מוצא אותה.', 'תודה רבה'],
]

function pick(random: Random, list: readonly string[]): string {
  return list[random.between(0, list.length - 1)] ?? ''
}

/** Half of all people write Latin script. */
function scriptOf(random: Random): number {
  return random.fraction() < 0.5 ? 0 : random.between(1, given.length - 1)
}

/** A person's name. */
export function makeName(random: Random): { name: string; pushname: string } {
  const script = scriptOf(random)
  const first = pick(random, given[script] ?? [])
  return { name: `${first} ${pick(random, family[script] ?? [])}`, pushname: first }
}

const subjects = ['Family', 'Haus 12', 'Команда', '同学会', 'العائلة', 'परिवार', 'Football ⚽', 'Reise 2027']

/** A group's subject. */
export function makeSubject(random: Random, number: number): string {
  return `${pick(random, subjects)} ${number}`
}

/** A text by the person with this phone number, who uses one script: mostly short, now and then long. */
export function makeText(random: Random, phone: string): string {
  const own = Number(phone.slice(-2)) % (2 * phrases.length)
  const list = phrases[own < phrases.length ? own : 0] ?? []
  const pieces = random.fraction() < 0.8 ? 1 : random.between(2, 12)
  return Array.from({ length: pieces }, () => pick(random, list)).join(' ')
}
