package world

import (
	"math/rand/v2"
	"strings"
)

// grammar makes sentences: each line is a sentence whose parts in braces are one of several. The combinations are so many
// that two writers hardly ever write the same text, while single sentences are shared by all, as in real adverts.
type grammar []string

var escortLines = map[string]grammar{
	"es": {
		"{Hola amor|Hola cielo|Hola guapo|Buenas}, {soy|me llamo} NAME {y|,} {recién llegada|nueva|de paso|unos días} en CITY",
		"{Trato|Servicio|Masaje} {de novia|completo|relajante|con calma|sin prisas} {en mi apartamento|en hotel|a domicilio|en lugar discreto}",
		"{Fotos reales|Soy la de las fotos|Nada de engaños|Cien por cien real}, {higiene|limpieza|discreción} {total|absoluta|garantizada}",
		"{Llama|Escribe|Mándame un mensaje} {ahora|cuando quieras|y te cuento|para quedar} {al|a mi número} PHONE",
		"{Una hora|Media hora|La cita} {por|a} PRICE {dólares|efectivo|sin sorpresas}",
		"{Morena|Rubia|Castaña|Pelirroja} de {piel suave|ojos verdes|sonrisa dulce|curvas naturales} {y muy cariñosa|y alegre|y simpática|con mucho encanto}",
		"{Atiendo|Recibo} {caballeros educados|hombres de negocios|solo mayores de edad|personas serias} {de lunes a viernes|todos los días|por las tardes|con cita}",
		"{Besos|Caricias|Conversación|Compañía} {y mucho más|para cenas|para viajes|sin límite de tiempo}",
		"{No contesto|No atiendo} {números ocultos|mensajes de madrugada|a groseros}, {gracias por entender|un beso|te espero}",
		"{Estudio|Trabajo} {por las mañanas|a ratos} y {me gusta|disfruto} {conocer gente|bailar|leer|la playa}",
	},
	"en": {
		"{Hi|Hello there|Hey|Good evening}, {I am|my name is} NAME {and|,} {new|just arrived|back again|visiting for a few days} in CITY",
		"{Girlfriend experience|Relaxing massage|Sweet company|Unhurried time} {at my place|in your hotel|in a discreet flat|outcall only}",
		"{Real pictures|What you see is me|No games|Genuine and friendly}, {very clean|always on time|total discretion|safe and easy parking}",
		"{Call|Text|Message} {me|now|any time|to book} {on|at} PHONE",
		"{One hour|Half an hour|A date} is PRICE {dollars|cash|no rush}",
		"{Brunette|Blonde|Redhead|Dark hair} with {soft skin|green eyes|a warm smile|natural curves} {and a sweet voice|and good humour|and plenty of charm|and style}",
		"{I see|I welcome} {polite gentlemen|business men|serious people|mature men} {on weekdays|every day|in the evening|by appointment}",
		"{Dinner dates|Travel|Long talks|Dancing} {and more|are welcome|by arrangement|make me happy}",
		"{No hidden numbers|No late texts|No rude calls}, {thank you for understanding|kisses|see you soon}",
		"{I study|I work} {in the morning|part time} and {I like|I enjoy} {music|books|the sea|good food}",
	},
	"pt": {
		"{Oi amor|Olá querido|Olá|Boa noite}, {sou|me chamo} NAME {e|,} {recém chegada|nova|de passagem|poucos dias} em CITY",
		"{Atendimento|Massagem|Companhia} {completa|relaxante|com carinho|sem pressa} {no meu local|em hotel|a domicílio|em local discreto}",
		"{Fotos reais|Sou a das fotos|Sem enganos|Totalmente real}, {higiene|limpeza|discrição} {total|absoluta|garantida}",
		"{Liga|Escreve|Manda mensagem} {agora|quando quiser|para marcar} {no|pelo} PHONE",
		"{Uma hora|Meia hora|O encontro} por PRICE {dólares|em dinheiro|sem surpresas}",
		"{Morena|Loira|Ruiva} de {pele macia|olhos verdes|sorriso doce|curvas naturais} {e muito carinhosa|e alegre|e simpática}",
		"{Atendo|Recebo} {cavalheiros educados|homens de negócios|pessoas sérias} {de segunda a sexta|todos os dias|à tarde|com hora marcada}",
		"{Beijos|Carícias|Conversa|Jantares} {e muito mais|para viagens|sem limite de tempo}",
	},
}

var jobLines = map[string]grammar{
	"es": {
		"{Empresa seria|Negocio en crecimiento|Tienda|Restaurante} {busca|necesita|contrata} {cajeros|meseros|ayudantes de cocina|vendedores|conductores} en CITY",
		"{Salario|Sueldo} de PRICE {al mes|mensuales} {más propinas|más prestaciones|con contrato}",
		"{Horario|Turno} {de mañana|de tarde|rotativo|completo} con {descanso los domingos|dos días libres|vacaciones pagadas}",
		"{Experiencia|Referencias} {no necesaria|de un año|comprobable}, {formamos|ofrecemos formación|se valora}",
		"{Enviar hoja de vida|Llamar|Preguntar} {al|por mensaje al} PHONE {en horario de oficina|de lunes a viernes}",
		"{Buen ambiente|Equipo joven|Local céntrico} y {oportunidad de crecer|estabilidad|pago puntual}",
	},
	"en": {
		"{Family business|Growing company|Shop|Restaurant} {is looking for|needs|hires} {cashiers|waiters|kitchen helpers|drivers|sales people} in CITY",
		"{Salary|Pay} PRICE {a month|per month} {plus tips|with contract|and benefits}",
		"{Morning|Evening|Rotating|Full time} {shift|hours} with {Sundays off|two days off|paid holidays}",
		"{Experience|References} {not needed|of one year|welcome}, {we train you|training is paid}",
		"{Send your CV|Call|Ask} {at|by message at} PHONE {in office hours|Monday to Friday}",
	},
}

// jobTrades name what the work is.
var jobTrades = map[string][]string{
	"es": {"Camarera", "Limpieza", "Cuidadora", "Cosecha", "Albañil", "Costura", "Atención al cliente", "Hotel", "Modelo"},
	"en": {"Waitress", "Cleaner", "Nanny", "Fruit picking", "Bricklayer", "Sewing", "Customer service", "Hotel staff", "Model"},
}

// bait are the sentences of posts that recruit for exploitation: work abroad, fees that become debts, papers kept.
var bait = map[string]grammar{
	"es": {
		"{Trabajo en el extranjero|Viaja y trabaja|Oportunidad en el exterior} en CITY {para chicas|para jóvenes|sin experiencia}",
		"{Ganas|Sueldo de} PRICE {al mes|mensuales} {más comisiones|garantizados|libres}",
		"{Pagamos|Cubrimos|Adelantamos} {el pasaje|el viaje|visa y pasaje} {y lo descontamos del sueldo|y se paga después con trabajo|como préstamo}",
		"{El pasaporte|Tus documentos} {queda con la agencia|se entregan al llegar|los guarda el encargado}",
		"{Alojamiento|Casa} {incluido con las compañeras|en la casa del encargado|pagado con el sueldo}",
		"{Escribe|Contacta} {solo por mensaje|sin decir a nadie|hoy mismo} al PHONE, {cupos limitados|salida inmediata}",
	},
	"en": {
		"{Work abroad|Travel and work|Opportunity overseas} in CITY {for girls|for young people|no experience needed}",
		"{Earn|Salary of} PRICE {a month|per month} {plus commission|guaranteed|tax free}",
		"{We pay|We cover|We advance} {your ticket|the trip|visa and ticket} {and deduct it from your pay|you pay it back by working|as a loan}",
		"{Your passport|Your papers} {stays with the agency|are handed over on arrival|are kept by the manager}",
		"{Housing|A room} {shared with the other girls|in the house of the manager|paid from your wage}",
		"{Write|Contact us} {by message only|and tell nobody|today} at PHONE, {few places|leaving at once}",
	},
}

// control are sentences that show somebody else behind an advert.
var control = map[string]grammar{
	"es": {"{Nuestras chicas|Las chicas} {disponibles|atienden} {las 24 horas|día y noche|sin descanso}", "{Pregunta por|Habla con} {el encargado|la encargada|recepción}", "{Chicas nuevas|Caras nuevas} {cada semana|recién llegadas}"},
	"en": {"{Our girls|The girls} {are available|work} {around the clock|day and night|every day without break}", "{Ask for|Talk to} {the manager|the boss|reception}", "{New girls|New faces} {every week|just arrived}"},
	"pt": {"{Nossas meninas|As meninas} {disponíveis|atendem} {24 horas|dia e noite}", "{Pergunte por|Fale com} {o gerente|a gerente}", "{Meninas novas|Rostos novos} {toda semana|recém chegadas}"},
}

// say makes n sentences of a grammar, the first always among them.
func (g grammar) say(r *rand.Rand, n int) []string {
	order := r.Perm(len(g) - 1)
	out := []string{choose(r, g[0])}
	for _, k := range order[:min(n-1, len(order))] {
		out = append(out, choose(r, g[k+1]))
	}
	return out
}

// choose takes one of each part in braces.
func choose(r *rand.Rand, s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		part, after, _ := strings.Cut(rest, "}")
		list := strings.Split(part, "|")
		b.WriteString(list[r.IntN(len(list))])
		s = after
	}
}

// filled puts a text's slots in.
func filled(sentences []string, name, city, price, phone string) string {
	return strings.NewReplacer("NAME", name, "CITY", city, "PRICE", price, "PHONE", phone).Replace(strings.Join(sentences, ". ") + ".")
}

// disguised writes a phone number as posters do who do not want to be searched for.
func disguised(r *rand.Rand, phone string) string {
	d := strings.TrimPrefix(phone, "+")
	switch r.IntN(8) {
	case 0:
		return "+" + strings.Join(strings.Split(d, ""), "-")
	case 1:
		return "+" + d[:4] + "💋" + d[4:8] + "💋" + d[8:]
	case 2:
		words := strings.Fields("cero uno dos tres cuatro cinco seis siete ocho nueve")
		out := []string{"+" + d[:len(d)-6]}
		for _, c := range d[len(d)-6:] {
			out = append(out, words[c-'0'])
		}
		return strings.Join(out, " ")
	case 3:
		return "+" + strings.Map(func(c rune) rune { return c - '0' + '０' }, d)
	case 4:
		return "+" + d[:3] + " " + d[3:6] + " " + d[6:]
	}
	return phone
}
