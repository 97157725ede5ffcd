"""Invented prose for text_pages.py: a small grammar over word lists. The held-out pages share neither topics nor templates."""

TRAIN = {
    "person": "the harbour master|an old carpenter|the keeper|our neighbour|the apprentice|a travelling merchant|the miller|her brother|the gardener|a young baker|the ferryman|the committee",
    "thing": "a wooden boat|the stone bridge|a basket of apples|the copper kettle|the garden wall|a bundle of letters|the broken wheel|a length of rope|the iron gate|the ladder|a jar of honey|the oak table|some lanterns|a heavy anchor|the workshop door",
    "verb": "repaired|carried|painted|measured|found|sold|weighed|borrowed|admired|replaced|described|mended|inspected|bought",
    "adverb": "slowly|with great care|before noon|without a word|for the third time|on Thursday|once more|in the rain|as usual|by lamplight|after the market",
    "place": "near the quay|behind the mill|in the orchard|at the end of the lane|under the chestnut trees|by the river|across the square|on the upper floor|in the village hall",
    "quality": "steady|narrow|quiet|remarkable|crooked|warm|solid|pale|reliable|dusty|cheerful|plain",
    "noun": "timber|harvest|weather|harbour|workshop|cellar|market|winter|roof|supply|rent|orchard|repair|drainage",
    "reason": "because the wind had turned|although nobody had asked|while the bells were ringing|so that the frost could do no harm|since the road was closed|until the tide came in",
    "sentences": (
        "{person} {verb} {thing} {adverb}.|{place} {person} {verb} {thing}, {reason}.|the {noun} was {quality} and the {noun} {quality}.|"
        "{person} had never {verb} {thing} {place}; {person} did it {adverb}.|in {year} the {noun} cost {number} crowns, {reason}.|"
        "{adverb}, {thing} was {verb} {place}.|is a {quality} {noun} worth more than {thing}?|"
        "{person} said that {thing} was too {quality} for the {noun}, and {verb} {thing} instead."
    ),
    "headings": "The {noun} and the {noun}|Notes on the {noun}|A {quality} {noun}|Of {noun} and {noun}|{noun} accounts for {year}",
    "columns": "Item|Weight|Price|Stock|Length|Width|Owner|Year|Remarks",
}

HELD_OUT = {
    "person": "the observer|two astronomers|this orchestra|every engineer|the signalman|a visiting pianist|their telescope|the conductor|some passengers|the survey team|my colleague|each violinist",
    "thing": "distant galaxies|the evening express|an unfinished symphony|faint comets|several junctions|this melody|sixteen locomotives|the spectrum|new rails|low frequencies|an eclipse|printed timetables|the slow movement",
    "verb": "recorded|scheduled|rehearsed|photographed|delayed|computed|calibrated|performed|discovered|connected|amplified|tuned|resolved",
    "adverb": "twice a night|almost silently|at constant speed|to within one percent|during the overture|every leap year|fortissimo|beyond any doubt|from memory|quickly",
    "place": "over the southern sky|between both terminals|inside the concert hall|along the viaduct|at platform five|through a red filter|beneath the dome|on page ninety",
    "quality": "luminous|elliptical|electric|harmonic|periodic|brisk|orchestral|invisible|precise|elevated|magnetic",
    "noun": "orbit|tempo|gauge|signal|chord|planet|tunnel|rhythm|mirror|schedule|nebula|carriage|frequency|voltage",
    "reason": "which explains the exposure times|whenever traffic permits|unless clouds intervene|provided that power is available|where two lines cross",
    "sentences": (
        "When {person} {verb} {thing}, every {noun} became {quality}.|Few have {verb} {thing} {place}, {reason}.|"
        "{number} readings show how the {noun} depends upon its {noun}.|{thing} are {verb} {adverb} {place}.|"
        "A {quality} {noun} (about {number} units in {year}) requires {thing}.|Neither {noun} nor {noun} seemed {quality}: {person} {verb} them {adverb}.|"
        "What makes a {noun} so {quality}, {reason}?"
    ),
    "headings": "{quality} {noun}s explained|From {noun} to {noun}|Why every {noun} is {quality}|{year}: year of the {quality} {noun}",
    "columns": "Object|Period|Track|Speed|Volume|Delay|Band|Mass|Code",
}


class Writer:
    """Sentences, paragraphs and headings from one of the vocabularies above."""

    def __init__(self, random, vocabulary):
        self.random = random
        self.lists = {name: words.split("|") for name, words in vocabulary.items()}

    def fill(self, template):
        while "{" in template:
            start = template.index("{")
            end = template.index("}", start)
            template = template[:start] + self.word(template[start + 1 : end]) + template[end + 1 :]
        return template[0].upper() + template[1:]

    def word(self, name):
        if name == "year":
            return str(self.random.randint(1780, 2020))
        if name == "number":
            return self.number()
        return self.random.choice(self.lists[name])

    def number(self):
        pick = self.random.random()
        if pick < 0.5:
            return str(self.random.randint(2, 980))
        return f"{self.random.uniform(0, 90):.{self.random.randint(1, 2)}f}" if pick < 0.8 else f"{self.random.randint(1000, 99000):,}"

    def sentence(self):
        return self.fill(self.word("sentences"))

    def paragraph(self, sentences):
        return " ".join(self.sentence() for _ in range(sentences))

    def heading(self):
        return self.fill(self.word("headings"))
