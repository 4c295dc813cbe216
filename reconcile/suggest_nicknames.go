package reconcile

import "strings"

// nicknames lists forms of given names that people use for each other, one group a line, in the letters of [spellings].
// Within a line everything stands for everything; a form may be in several lines, and is then no bridge between them.
const nicknames = `
aleksander aleksandr alexander alexandre alessandro alejandro alex alec sasha sascha sandro xander olek
aleksandra alexandra alessandra alejandra alex sasha sascha sandra ola lexi
andrew andreas andre andrzej andrea andy drew andi
anna anne annette hannah ann annie anja anya anita ania
antonio anthony anton antoine antoni tony toni
barbara barb barbie basia babs
benjamin ben benny benni
bernhard bernard bernd bernie
catherine katherine katharina kathrin catarina caterina katarzyna yekaterina ekaterina cathy kathy kate katie kat katja katya kasia kathi trina
charles karl carl carlos carlo charlie chuck karel karol
christian christiaan kristian chris christi
christina christine kristina cristina chris chrissy tina krystyna
christopher christoph kristof cristobal krzysztof chris kit krzys
daniel daniele dan danny danilo
daniela danielle dani
david dave davey dawid davide
deborah debra deb debbie
dmitri dmitry dmitriy dima mitya
donald don donnie
dorothy dorothea dorota dot dottie thea
edward eduard eduardo edoardo ed eddie ted ned teddy edi
elizabeth elisabeth elisabetta isabel elzbieta liz lizzy beth betty eliza elisa lisa lise lisbeth elsa ela liesel
emily emilia emilie em emmy
eugene eugen yevgeny evgeny gene zhenya
francis francisco francesco franz franciscus francois frank paco pancho fran franek
frances francisca francesca franziska franny fran franzi paca
frederick friedrich frederic federico fred freddie fritz fiete fryderyk
gabriel gabriele gabe
gabriela gabrielle gabriele gabi gaby
george georg jorge giorgio georges jerzy jurgen jorg yuri jurek
gerald gerard gerhard gerry jerry gerd gert
gertrude gertrud trudy trude
gregory gregor grigori grzegorz gregorio greg
guillaume william wilhelm guillermo guglielmo willem will bill billy willy willi liam memo
gustav gustavo gus
helen helena helene elena ellen nell lena leni
henry heinrich henri enrico enrique hendrik henryk hank harry heinz heiner henk quique
ignatius ignacio ignacy nacho
irene irina ira irka
isabella isabel isabelle bella belle izabela iza
jacob jakob jacques jacobo giacomo jake jakub kuba
james jaime jim jimmy jamie
jennifer jen jenny jenni
joachim joaquin achim jochen quino
joan joanna johanna jeanne giovanna juana jo hanna asia
johannes johann john jan jean juan giovanni hans jack jon johnny hannes ivan ian sean janek vanya
jonathan jon jonny
joseph josef jose giuseppe jozef joe joey jupp pepe beppe sepp
joshua josh
judith judy judit
julia giulia julie jule
kenneth ken kenny
laurence lawrence lorenz lorenzo laurent larry lars
leonard leonhard leonardo len lenny leo
louis ludwig luis luigi lou louie lutz
ludmila lyudmila mila lyuda
magdalena madeleine magdalene maggie lena magda
manuel emanuel emmanuel manolo manny manu
marcus markus marco marc mark marek
margaret margarete margarita margherita malgorzata maggie meg peggy greta grete rita marge gosia daisy
maria mary marie marya mariya mia molly polly mitzi manya
martha marta marty
martin marten marcin marty
matthew matthias mattheus matteo mateo mateusz matt matze mats
maximilian maximiliano maksymilian max maks
melanie mel meli
michael michel michele miguel mikhail michal mikael mike mick mickey misha micha michi
nicholas nikolaus nicolas niccolo nikolai mikolaj nick nico niko klaus claus kolya nik
natalia natalie natalya nat natasha talia
olga olya olenka
olivia liv livvy
patrick patricio patrizio pat paddy
patricia patrizia pat patty tricia trish
paul pablo paolo pavel pawel pauli
peter pedro pietro pierre piotr pyotr pete petr petya
philip philipp philippe felipe filippo filip phil pip
rafael raphael raffaele rafal rafa rafi
rebecca rebekka becky becca
ricardo richard riccardo ryszard rick rich dick richie ricky
robert roberto ruprecht rob bob bobby robbie bert rupert
roman romek roma
ronald rolando ron ronnie
rosa rose rosemarie rosie
rudolf rudolph rodolfo rudi rudy
samuel samuele sam sammy
samantha sam sammy
sebastian sebastiano seb basti bastian
sergei sergey sergio serge seryozha
sofia sophia sophie zofia sonja sonya zosia
stanislaw stanislav stan stas staszek
stefan stephan stephen steven stefano esteban etienne szczepan steve steffen
stefanie stephanie stefania estefania steffi steph
susan susanne susanna zuzanna suzanne sue susi suzie zuza
svetlana sveta lana
tatiana tatjana tatyana tanja tanya
teresa theresa therese terry tess resi
theodor theodore teodoro fyodor fedor theo ted teddy
thomas tomas tommaso tomasz tom tommy tomek
timothy timotheus timoteo tim timmy timo
ulrich ulrico uli udo
ulrike uli rike
valentin valentino valentina val valya
veronica veronika vera roni nika
victor viktor vittorio wiktor vic vitya
victoria viktoria vittoria wiktoria vicky tori vika
vincent vincenzo vicente vinzenz vince vinnie
vladimir wladimir wlodzimierz vova volodya vlad
walter gualtiero walt wally
werner verner
wolfgang wolf wolle
xaver xavier javier javi
zachary zacharias zach zack
ahmed ahmad ahmet
aishwarya aish
mohammed muhammad mohamed mehmet mohammad mo
mustafa mostafa musti
rajesh raj
yusuf yousef youssef
`

// sameNames maps each form of a given name to the forms that it may stand for, in the order of the list.
func sameNames() map[string][]string {
	others := map[string][]string{}
	for line := range strings.Lines(nicknames) {
		group := strings.Fields(line)
		for _, name := range group {
			for _, other := range group {
				if other != name {
					others[name] = appendNew(others[name], []string{other})
				}
			}
		}
	}
	return others
}
