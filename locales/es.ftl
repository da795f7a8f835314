# Lo que una persona lee en un hallazgo. Un mensaje por código: su título, `.seen` con sus números y `.do`, qué se puede
# hacer. `$said` es lo que dice cada impresión de un número. Lo que no se sabe es `none`. Neutro: lo que se ve, no quién
# lo hizo.

said =
    .digits = dígitos { $n }
    .words = letras { $n }
    .qr = QR { $n }
    .percent = porcentaje { $n }
    .nothing = ningún canal legible

channels_disagree = Los canales dicen números distintos
    .seen = { $label }: { $together ->
        [none] no es seguro ({ $said })
       *[other] { $said }; los canales juntos dan { $together }
    }
    .do = { $together ->
        [none] lea el número en la foto
       *[other] compare dígitos, letras y QR en la foto: lo que dos canales repiten no es por eso lo correcto
    }

relation_broken = Una suma no cuadra
    .seen = { $how ->
        [corrected] si { $read }:{ " " }
       *[other] { "" }
    }{ $left_of ->
        [other] suma de { $left_of } filas
       *[labels] { $left_of }
    } = { $left }, { $how ->
        [bound] más que{ " " }
       *[other] { "" }
    }{ $right_of ->
        [other] suma de { $right_of } filas
       *[labels] { $right_of }
    } = { $right }
    .do = { $how ->
        [bound] compare los dos números con la foto
        [corrected] compare los dos lados con la foto: cualquiera de sus números puede ser el equivocado
       *[other] compare los dos lados con la foto: una hoja puede traer una suma que no cuadra
    }

registered_exceeded = Más votos que inscritos
    .seen = { $left_of ->
        [other] suma de { $left_of } filas
       *[labels] { $left_of }
    } = { $left }, más que { $right_of ->
        [other] suma de { $right_of } filas
       *[labels] { $right_of }
    } = { $right }
    .do = compare los dos números con la foto

out_of_line = Un número no encaja con los demás
    .seen = { $label }: { $said }; los demás números de la hoja dan { $others }
    .do = compare el número y las sumas con la foto

value_corrected = Valor corregido por las sumas
    .seen = { $label }: { $said }; { $value } es lo que cuadra con los demás números
    .do = compare el número con la foto

value_filled = Valor deducido, no leído
    .seen = { $label }: { $said }; { $value } es lo que { $from ->
        [registry] tiene el registro
       *[other] cuadra con los demás números
    }
    .do = compare el número con la foto

cell_unreadable = Un número no se pudo leer
    .seen = { $label }: { $how ->
        [unread] { $said }
        [unsure] no es seguro ({ $said })
        [digits] los dígitos apenas se leen ({ $said }); lo demás da { $value }
        [words] las letras apenas se leen ({ $said }); lo demás da { $value }
       *[other] dígitos y letras apenas se leen ({ $said }); lo demás da { $value }
    }
    .do = { $how ->
        [digits] mire qué tapa o daña el número
        [words] mire qué tapa o daña el número
        [both] mire qué tapa o daña el número
       *[other] lea el número en la foto
    }

misreading = Una lectura dudosa de un número
    .seen = { $label }: { $how ->
        [digits] los dígitos apenas se leen ({ $said }); lo demás da { $value }
        [words] las letras apenas se leen ({ $said }); lo demás da { $value }
        [both] dígitos y letras apenas se leen ({ $said }); lo demás da { $value }
       *[other] { $said }; los canales juntos dan { $value }; una impresión así se lee mal de vez en cuando
    }
    .do = compare el número con la foto

fields_absent = Hay números que no están en la foto
    .seen = { $count ->
        [one] un número no está en la foto: { $names }
       *[other] { $count } números no están en la foto: { $names }
    }
    .do = añada fotos del resto de la hoja

low_confidence = Certeza insuficiente
    .seen = la probabilidad de que algún número esté mal es del { PERCENT($wrong) }; se admite el { PERCENT($allowed) }{ $names ->
        [none] { "" }
       *[other] ; los menos seguros: { $names }
    }
    .do = compruebe con la foto los números indicados

registered_differ = Inscritos distintos de los del registro
    .seen = { $label }: { $printed } en la hoja, { $registered } en el registro
    .do = compare el código de las primeras líneas de la hoja y la fecha del registro

table_not_registered = El código de la hoja no está en el registro
    .seen = el registro no tiene el código de la hoja
    .do = compare el código de las primeras líneas de la hoja y la fecha del registro

place_differs = Un nombre de lugar difiere del registro
    .seen = { $es ->
        [none] { $place }
       *[other] { $es }
    }: «{ $printed }» en la hoja, «{ $registered }» en el registro
    .do = { "" }

qr_missing = Sin código QR legible
    .seen = no se pudo descifrar ningún código QR
    .do = { "" }

qr_foreign = El código QR no es de esta clase de hoja
    .seen = el código QR de la foto no es de esta clase de hoja: «{ $text }»
    .do = mire si el código que está al pie pertenece a la hoja

qr_of_another_sheet = El código QR parece de otra hoja
    .seen = { $printed ->
        [none] el código QR es de { $code }
       *[other] el código de la hoja es { $printed }, el del QR { $code }
    }; { $differing ->
        [0] ninguno de sus { $carried } números difiere de lo impreso
       *[other] { $differing } de sus { $carried } números difieren de lo impreso ({ $examples })
    }
    .do = compruebe si lo impreso y el código QR son de la misma hoja

code_doubtful = Código de la hoja dudoso
    .seen = el código de las primeras líneas se leyó, con duda, como { $printed }; el código QR dice { $code }
    .do = { "" }

code_unreadable = Código de la hoja ilegible
    .seen = { $printed ->
        [none] el código de la hoja no se pudo leer
       *[other] el código de la hoja se leyó como { $printed } con una probabilidad del { PERCENT($probability) }
    }
    .do = lea el código en las primeras líneas de la hoja

nothing_read = No se leyó ningún número
    .seen = no se pudo leer ningún número de la hoja
    .do = tome la foto más cerca, más derecha o por partes

zero_report = Todas las filas en cero
    .seen = todas las filas de votos dicen 0: un reporte impreso antes de votar, o una votación sin votos
    .do = sus ceros cuentan como votos solo si allí se votó

another_election = Fecha de otra elección
    .seen = la hoja lleva la fecha { $printed }; las de esta clase son del { $expected }
    .do = compruebe de qué elección es la hoja

another_text = Una línea dice otra cosa que en las hojas de este formulario
    .seen = la hoja dice { $printed } donde las hojas de este formulario dicen { $expected }
    .do = comprobar de qué formulario y de qué elección es la hoja, y si está completa

many_doubtful = Muchos números se leen con duda
    .seen = el { $percent } % de las casillas se lee con duda, y ningún código QR las confirma
    .do = tome la foto más cerca, más derecha o con mejor luz; o compruebe los números con la foto

rows_doubtful = Los números pueden estar una fila corridos
    .seen = los nombres de { $count } filas seguidas parecen los de sus vecinas: los números pueden estar una fila corridos
    .do = compare los nombres de las filas con la foto, o tome la foto más derecha

illegible = La impresión es demasiado pequeña para leerla
    .seen = los dígitos impresos miden { $height } píxeles de alto ({ $scale } píxeles por milímetro); hacen falta { $needed }
    .do = fotografíela más cerca o por partes que se solapen, de arriba abajo, y envíe la foto como archivo: los mensajeros achican las fotos

glare = Un reflejo tapa parte de un número
    .seen = { $label }: un reflejo tapa parte del número
    .do = tome la foto sin flash, o desde otro lado de la lámpara

retake = Una parte de la foto no basta
    .seen = { $part ->
        [upper] tercio superior de la hoja
        [middle] tercio medio de la hoja
        [lower] tercio inferior de la hoja
       *[whole] toda la hoja
    }: { $doubtful } de { $prints } impresiones de números están en duda; { $lack ->
        [missing] no está en la foto
        [covered] algo la tapa
        [small] la impresión sale pequeña en la foto
        [faint] está oscura o desteñida
        [bent] el papel está doblado o arrugado
       *[blurred] está fuera de foco o movida
    }
    .do = { $lack ->
        [missing] fotografíe también esa parte; las fotos de una misma hoja se leen juntas
        [covered] fotografíe de nuevo esa parte sin lo que la tapa, o desde otro lado de la lámpara
        [small] fotografíe de nuevo esa parte, más cerca
        [faint] fotografíe de nuevo esa parte con más luz y sin sombra
        [bent] fotografíe de nuevo esa parte, bien extendida
       *[blurred] fotografíe de nuevo esa parte, más cerca y con el teléfono quieto
    }

streaks = Rayas de escáner a lo largo de la imagen
    .seen = { $count ->
        [one] una raya recorre toda la imagen; se leyó sin ella
       *[other] { $count } rayas recorren toda la imagen; se leyó sin ellas
    }
    .do = limpie el vidrio del escáner; escanee otra vez si hay duda sobre un número bajo una raya

no_sheet = No se encontró ninguna hoja conocida
    .seen = { $file }: en la imagen ({ $width } x { $height } px) no se encontró ninguna hoja de una clase conocida
    .do = si es una hoja de votación, fotografíela más cerca, derecha y con luz pareja, o indique su clase con --forms; si no, déjela fuera

blocks_unclear = La página no se entiende entera
    .seen = es una página de { $form }, pero no se encontró todo lo que lleva impreso: está cortada, cubierta o impresa de otra manera
    .do = escanee de nuevo la página entera, derecha y con luz pareja; si se rechazan todas las de su clase, compare la definición con ellas con cotejo form check

name_elsewhere = Un nombre se tomó de otras páginas
    .seen = se leyó { $read } donde otras { $count } páginas tienen { $name }; se le llama como ellas
    .do = { "" }

code_alone = Solo se encontró el código QR de la hoja
    .seen = solo se encontró el código QR de la hoja { $code }, nada de su tabla impresa
    .do = añada fotos del resto de la hoja, o fotografíela más cerca, derecha y con luz pareja

duplicate_file = El mismo archivo ya está en la corrida
    .seen = el archivo tiene el mismo contenido que { $file }
    .do = no hace falta nada: se procesó una sola vez

unreadable_file = El archivo no se puede leer
    .seen = { $file } no se puede leer: { $cause }
    .do = compruebe que existe y que tiene permiso para leerlo

empty_file = El archivo está vacío
    .seen = { $file } está vacío (0 bytes)
    .do = cópielo otra vez desde su origen

too_large = La imagen es demasiado grande
    .seen = { $file } es demasiado grande: { $value } { $what ->
        [bytes] bytes
       *[other] píxeles
    }; el límite es { $limit }
    .do = { $what ->
        [bytes] guarde la imagen más pequeña, o divida el archivo
       *[other] guarde la imagen más pequeña, o suba el límite con --max-pixels
    }

not_a_picture = El archivo no es una imagen
    .seen = { $file } no es una imagen de un formato conocido (JPEG, HEIC, PNG, WebP, TIFF, PDF)
    .do = expórtela como JPEG o PNG; si es una imagen, sus datos están dañados

unsupported_picture = La imagen es de una clase que no se puede leer
    .seen = { $without ->
        [none] { $file }: la imagen { $format } es de una clase que no se conoce: { $cause }
       *[other] { $file } es un archivo { $format }, y este cotejo se construyó sin { $format }
    }
    .do = { $without ->
        [pdf] guarde sus páginas como imágenes (`pdfimages -all`), o construya cotejo con --features pdf
        [heic] guárdela como JPEG, o construya cotejo con --features heic
       *[other] guárdela como JPEG o PNG
    }

locked_file = El archivo está protegido con una contraseña
    .seen = { $file } está protegido con una contraseña o con un cifrado que no se conoce
    .do = quítele la contraseña: imprima el PDF en uno nuevo sin ella; descomprima el archivo comprimido e indique la carpeta

no_pages = El archivo no tiene páginas
    .seen = { $file }: el archivo { $format } no tiene páginas
    .do = escanéelo o expórtelo otra vez; este archivo no contiene ninguna página

too_many_pages = El archivo tiene demasiadas páginas
    .seen = { $file } tiene { $pages } páginas; el límite es { $limit }
    .do = divida el archivo, por ejemplo con `qpdf --split-pages=500`

damaged_picture = La imagen está dañada
    .seen = { $file }: la imagen { $format } está dañada o cortada: { $cause }
    .do = copie o descargue el archivo otra vez: este no contiene la imagen completa

damaged_archive = El archivo comprimido no se puede leer
    .seen = { $file }: el archivo { $format } está dañado, cortado o comprimido de un modo que no se lee: { $cause }
    .do = copie o descargue otra vez el archivo comprimido, o descomprímalo con otro programa e indique la carpeta

decoder_died = El decodificador no pudo con el archivo
    .seen = { $file }: el decodificador de este archivo { $format } terminó: { $cause }
    .do = el archivo está dañado, es más grande de lo que parece o está hecho para dañar: guarde sus páginas como JPEG o PNG con otro programa

too_slow = El archivo tarda demasiado
    .seen = { $file } no se terminó en { $seconds } segundos
    .do = guárdelo como JPEG o PNG con otro programa, o más pequeño; en una máquina lenta suba el límite con --max-seconds

internal_error = El programa falló en esta página
    .seen = { $file }: el programa falló en ella: { $problem }
    .do = es una falla del programa: comuníquela con lo que dijo la consola; guardada otra vez como PNG, la imagen quizá se pueda leer

part_of_sheet = Parte de una hoja
    .seen = leída junto con { $file }
    .do = { "" }

joined_photos = Hoja leída de varias fotos
    .seen = leída de { $count } fotos: { $names }
    .do = { "" }

joined_pages = Hoja leída de varias páginas
    .seen = leída de { $count } páginas: { $names }
    .do = { "" }

pages_missing = Faltan páginas de la hoja
    .seen = de las { $of } páginas de la hoja no se encontraron: { $missing }
    .do = añada las páginas que faltan; si se rechazó una página, su propio registro dice por qué

page_twice = Una página de la hoja está dos veces
    .seen = la página { $page } está más de una vez: { $names }
    .do = mire si las dos son de esta hoja, y quite una de ellas

page_unread = No se pudo leer qué página de la hoja es
    .seen = no se pudo leer qué página es { $file }, de modo que pueden faltar páginas
    .do = mire el pie de la página, y si la hoja está entera

pages_differ = Dos páginas dicen ser la misma
    .seen = también { $file } dice ser la página { $page } de esta hoja, y lleva impresas otras contiendas
    .do = compare las dos con el papel: cuál de ellas es de esta hoja

photos_disagree = Las fotos de una misma hoja dicen números distintos
    .seen = { $label }: { $print ->
        [digits] dígitos { $here } aquí, dígitos
        [words] letras { $here } aquí, letras
       *[other] QR { $here } aquí, QR
    } { $there } en { $file }
    .do = dos fotos con el mismo código de hoja difieren; compare las dos con el papel

group_not_accepted = Una carpeta o un escáner se aparta: hojas sin aceptar
    .seen = { $group ->
        [folder] la carpeta
       *[other] los archivos que empiezan por
    } { $name }: { $failed } de { $of } hojas sin aceptar, en el resto { $others_failed } de { $others } (prueba exacta de Fisher, p = { SCIENTIFIC($chance) }, { $tests } pruebas)
    .do = mire algunas de sus hojas: una falla del escáner se ve igual en muchas

group_without_qr = Una carpeta o un escáner se aparta: códigos QR sin leer
    .seen = { $group ->
        [folder] la carpeta
       *[other] los archivos que empiezan por
    } { $name }: { $failed } de { $of } códigos QR sin leer, en el resto { $others_failed } de { $others } (prueba exacta de Fisher, p = { SCIENTIFIC($chance) }, { $tests } pruebas)
    .do = mire el pie de algunas de sus hojas: cortado, tapado o borroso

file_edited = Se cambió un archivo de la corrida
    .seen = { $file } no es el archivo que nombra run.json: SHA-256 { $found }, no { $stated }
    .do = recupere el archivo de una copia, o digitalice otra vez; --edited sigue y marca todo lo que escribe

file_unattested = Nada da fe de un archivo de la corrida
    .seen = { $file }: no está run.json a su lado, o no nombra su SHA-256
    .do = recupere run.json de una copia, o digitalice otra vez; --edited sigue y marca todo lo que escribe

records_count = Faltan o sobran registros
    .seen = { $file } tiene { $found } registros, run.json dice { $stated }
    .do = recupere el archivo de una copia, o digitalice otra vez; --edited sigue y marca todo lo que escribe

sum_edited = Un registro se contradice
    .seen = { $file }, línea { $line }: { $sum } consta como { $stated }, los números del registro dan { $given }
    .do = recupere el archivo de una copia, o digitalice otra vez; --edited sigue y marca todo lo que escribe

log_edited = Faltan decisiones en el registro de la revisión
    .seen = { $file } no tiene como eran las { $stated } decisiones que nombra run.json: hay { $found }
    .do = recupere el registro de una copia; --edited sigue y marca todo lo que escribe

log_broken = El registro de la revisión no se sostiene
    .seen = { $cause }
    .do = --edited sigue y marca todo lo que escribe

# Lo que responde la página de la revisión.

unknown_sheet = la corrida no tiene esa hoja
unknown_number = la hoja no tiene ese número
no_such_action = eso no se puede hacer con esta casilla
not_a_number = escriba un número entero de 0 a { $largest }
not_a_code = así no imprime la hoja su código
nothing_shown = no hay valor a la vista: escríbalo
nothing_to_undo = no hay nada que deshacer

good_photos = { $photos }: bien, todos los números de la hoja son seguros

take_again = { $photos }: tómela de nuevo

look_at = { $photos }: otra foto apenas ayudaría; una persona tiene que mirar la hoja

# El dibujo de un formulario.
draw_empty = falta la tabla de votos: elija «Votos» y marque las cifras de sus filas
draw_outside = el recuadro se sale de la hoja, o no tiene extensión; márquelo sobre el papel
draw_nothing_there = en el recuadro no hay nada impreso de ese tipo; márquelo alrededor de lo impreso
draw_no_numbers = en el recuadro no se lee ningún número; márquelo alrededor de las cifras, sin texto al lado
draw_name_twice = el nombre «{ $name }» ya está en uso; elija otro
draw_no_name = «{ $name }» no sirve de nombre: solo letras sin acento, cifras, _ y -, y ni rows ni values
draw_overlap = ocupan el mismo lugar: { $one } y { $other }; borre o mueva uno
draw_private_open = diga dónde empiezan los nombres y las firmas («Privado»), o que no los hay
draw_private_holds = la parte privada, que nunca se lee, contendría { $name }; empiece más abajo
draw_share_of_nothing = ¿de qué total son los porcentajes de { $name }? Acepte la propuesta o borre la columna
draw_no_share = ningún par de números dibujados da ese porcentaje; dibuje antes la parte y el total
draw_refused = la definición no es válida: { $problem }
draw_words_beside_nothing = al lado no hay filas con cifras; dibuje antes las cifras
draw_no_relation = no se entiende «{ $text }»; escriba algo como a + b = c, a <= b o rows(contienda) = total
draw_no_such_number = no hay ningún número llamado «{ $name }»
draw_no_such_value = «{ $value }» no vale aquí
draw_no_such_place = eso ya no está, o no se puede cambiar así; vuelva a elegirlo
draw_stale = otra página cambió el dibujo; aquí está como quedó
draw_nothing_to_undo = no hay nada que deshacer
draw_nothing_to_redo = no hay nada que rehacer
draw_file_there = { $file } ya existe; empiece de nuevo con --overwrite, o con otro nombre
draw_not_written = no se pudo escribir { $file }: { $problem }
draw_title = Dibujar un formulario
draw_select = Elegir
draw_votes = Votos
draw_numbers = Números
draw_words = Letras
draw_line = Texto
draw_print = Fijo
draw_private = Privado
draw_select_help = Un clic elige; las flechas mueven 0,1 mm (con Mayús 1 mm), Supr borra, Tab va al siguiente.
draw_votes_help = Marque las cifras de una tabla de votos, o de varias: el programa halla filas, columnas y totales, y toma los nombres de al lado.
draw_numbers_help = Marque números que no son votos: totales, electores, participación.
draw_words_help = Marque las palabras en que se repiten las cifras de una columna dibujada.
draw_line_help = Marque un texto que dice qué hoja es, como el número de mesa.
draw_print_help = Marque texto y líneas que son iguales en todas las hojas; por ellos se halla la hoja.
draw_private_help = Marque donde empiezan los nombres y las firmas: de ahí hacia abajo nada se lee ni se muestra.
draw_nothing_private = No hay nombres ni firmas
draw_undo = Deshacer
draw_redo = Rehacer
draw_save = Guardar
draw_saved = guardado
draw_unsaved = sin guardar
draw_reading = leyendo…
draw_read = leídos
draw_open = abiertos
draw_to_do = Falta
draw_ready = Nada falta: se puede guardar.
draw_form = Formulario
draw_id = Id
draw_form_title = Título
draw_election = Elección
draw_language = Idioma
draw_places = Cifras del número mayor
draw_contests = Contiendas
draw_contest = Contienda
draw_name = Nombre
draw_party = Partido
draw_whole = Total de los porcentajes
draw_role = Es
draw_role_result = resultado de
draw_role_ballots = boletas, votantes
draw_role_context = contexto: nunca retiene la hoja
draw_hangs = Las cifras cuelgan de
draw_left = la izquierda
draw_centre = el centro
draw_right = la derecha
draw_width = Ancho, mm
draw_size = Cuerpo, mm
draw_text = Dice
draw_pattern = Patrón (expresión regular)
draw_thousands = Signo de millares
draw_delete = Borrar
draw_delete_column = Borrar la columna
draw_relations = Relaciones
draw_holds = se cumple
draw_broken = no se cumple
draw_untold = no se sabe
draw_proposed = Propuestas que se cumplen
draw_add = Añadir
draw_own_relation = Otra, como a + b = c
draw_samples = Muestras
draw_check = Comprobar todas
draw_checking = comprobando…
draw_not_found = Por su impreso fijo no se halla ninguna hoja: añada texto y líneas.
draw_found = halladas
draw_nothing_chosen = Nada elegido. Con una herramienta, arrastre un recuadro en la hoja.
draw_accept = Aceptar
draw_discard = Descartar
draw_keys = s v n w l p x herramientas · Ctrl-Z deshacer · Ctrl-Y rehacer · Ctrl-S guardar · Esc descartar lo nuevo
draw_zoom_in = Acercar
draw_zoom_out = Alejar
draw_sheet = La hoja
draw_gone = El programa terminó. Lo que no se guardó ya no está.
